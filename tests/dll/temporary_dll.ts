import { buildSharedSection, type SharedSectionOptions, type Variables } from "../../mod.ts";

/** Writes a DLL of shared variables to a new folder. `using` deletes both. */
export async function temporaryDll<const V extends Variables>(
  options: SharedSectionOptions<V>,
): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const path = `${folder}\\${options.fileName ?? "shared.dll"}`;
  await Deno.writeFile(path, buildSharedSection(options));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

import { buildSharedSection, type SharedSectionOptions, type Variables } from "../../mod.ts";
import type { Bits } from "../support/compile_c.ts";

/** Writes a DLL of shared variables to a new folder. `using` deletes both. */
export async function temporaryDll<const V extends Variables>(
  options: SharedSectionOptions<V>,
): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const path = `${folder}\\${options.fileName ?? "shared.dll"}`;
  await Deno.writeFile(path, buildSharedSection(options));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** Returns the option that makes a DLL for programs of so many bits. */
export function dllFor(bits: Bits): { machine?: "x86" } {
  return bits === 32 ? { machine: "x86" } : {};
}

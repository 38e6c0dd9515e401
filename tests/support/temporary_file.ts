import { removeFolder } from "./remove_folder.ts";

/** Writes a text to a file in a new folder. `await using` deletes both. */
export async function temporaryFile(
  name: string,
  text: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const path = `${folder}\\${name}`;
  await Deno.writeTextFile(path, text);
  return { path, [Symbol.asyncDispose]: () => removeFolder(folder) };
}

/**
 * Opens the files that the user names.
 *
 * @module
 */

/**
 * Opens a file to read.
 *
 * @param what The file's name in messages: `the schema sensors.json`.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.IsADirectory} If the path is that of a folder.
 */
export async function openToRead(path: string, what: string): Promise<Deno.FsFile> {
  let file;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot read ${what}: there is no such file`, { cause: error });
  }
  // Windows does not open folders. Wine does, and fails at the first read.
  if ((await file.stat()).isDirectory) {
    file.close();
    throw new Deno.errors.IsADirectory(`Cannot read ${what}: it is a folder`);
  }
  return file;
}

/**
 * Asks the compiler of this machine for a version, by a small program.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { compileC, type Compiled } from "../../../tests/support/compile_c.ts";
import { removeFolder } from "../../../tests/support/remove_folder.ts";

/** The errors of a missing compiler: that of compileC() on Windows, and the code of sh on Linux. */
const ABSENCE = /^Cannot find any of | failed \(127\)/;

/**
 * Compiles and runs a program that writes a version, or nothing if a header is missing.
 *
 * @param file The name of the source file. Its extension is that of the language.
 * @returns The version, or `undefined` if there is no version or no compiler.
 * @throws {Error} If the compiler reports another error, or the program fails.
 */
export async function probe(file: string, source: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const path = `${folder}\\${file}`;
    await Deno.writeTextFile(path, source);
    await using program = await compileIfPossible(pathToFileURL(path));
    if (program === undefined) return;
    const { success, code, stdout } = await new Deno.Command(program.path).output();
    if (!success) throw new Error(`The program of ${file} ended with exit code ${code}`);
    return new TextDecoder().decode(stdout).trim() || undefined;
  } finally {
    await removeFolder(folder);
  }
}

async function compileIfPossible(source: URL): Promise<Compiled | undefined> {
  try {
    return await compileC(source);
  } catch (error) {
    if (error instanceof Error && ABSENCE.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * Finds out what the compiler of this machine has, by a small program.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { compileC } from "../../../tests/support/compile_c.ts";

/** Why something is not there, without paths of this machine. */
export interface NotFound {
  readonly missing: string;
}

/**
 * Compiles and runs a program that writes a version.
 *
 * @param file The name of the source file, which tells its language.
 * @returns The version, or `undefined` if there is no compiler or it reports an error.
 */
export async function probe(file: string, source: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const path = `${folder}\\${file}`;
    await Deno.writeTextFile(path, source);
    await using program = await compileC(pathToFileURL(path));
    const { stdout } = await new Deno.Command(program.path).output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

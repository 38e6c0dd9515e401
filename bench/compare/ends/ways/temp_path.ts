/**
 * Files that the two ends of a pair share.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The environment variable with the path of the folder for the files of a pair. */
export const FOLDER_VARIABLE = "WINIPC_COMPARE_FOLDER";

/**
 * Returns the path of a file that the ends of the pair `name` share.
 *
 * The harness removes the folder afterwards, because an end that is killed leaves its files.
 */
export function tempPath(name: string): string {
  return join(process.env[FOLDER_VARIABLE] ?? tmpdir(), `winipc-compare-${name}`);
}

/**
 * Files that the two ends of a pair share.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The environment variable that names the folder for files. */
const FOLDER = "WINIPC_COMPARE_FOLDER";

/**
 * Returns the path of a file that the ends of the pair `name` share.
 *
 * The harness removes the folder afterwards, because an end that is killed leaves its files.
 */
export function tempPath(name: string): string {
  return join(process.env[FOLDER] ?? tmpdir(), `winipc-compare-${name}`);
}

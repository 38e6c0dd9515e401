/**
 * Files that the two ends of a pair share.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { join } from "node:path";

/** Returns the path of a file that the ends of the pair `name` share. */
export function tempPath(name: string): string {
  return join(tmpdir(), `winipc-compare-${name}`);
}

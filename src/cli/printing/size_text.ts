/**
 * Writes sizes for people.
 *
 * @module
 */

import { format as formatBytes } from "@std/fmt/bytes";

/** Returns a size in binary units, in which memory is shared and counted: `64 KiB`. */
export function sizeText(bytes: number): string {
  // The docs write KiB, as IEC 80000-13 does. @std/fmt writes kiB.
  return formatBytes(bytes, { binary: true }).replace("kiB", "KiB");
}

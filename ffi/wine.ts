/**
 * Wine, which runs Windows programs on Linux.
 *
 * @module
 */

import { lazyLibrary } from "./library.ts";
import { ntdll } from "./ntdll.ts";
import { LPVOID } from "./types.ts";

const wine = lazyLibrary("ntdll.dll", {
  wine_get_version: { parameters: [], result: LPVOID, optional: true },
}, ntdll);

/** Whether this Windows is Wine, which exports its version beside what Windows exports. */
export function isWine(): boolean {
  return wine().wine_get_version !== null;
}

/**
 * Waits by looking again and again.
 *
 * @module
 */

import { PATIENCE } from "../watchdog.ts";

/** Number of looks between two looks at the time. */
const LOOKS = 4096;

/**
 * Looks until `holds` returns true.
 *
 * @throws {Error} If that takes too long.
 */
export function spinUntil(holds: () => boolean): void {
  let end = Infinity;
  for (let looks = 1; !holds(); looks++) {
    Atomics.pause();
    if (looks % LOOKS !== 0) continue;
    const now = performance.now();
    if (end === Infinity) end = now + PATIENCE;
    if (now > end) throw new Error(`Waited ${PATIENCE} ms for the peer`);
  }
}

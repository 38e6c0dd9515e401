/**
 * Waits by spinning.
 *
 * @module
 */

import { PATIENCE } from "../watchdog.ts";

/** Number of calls of `holds` between two calls of `performance.now()`, which take longer. */
const LOOKS = 4096;

/**
 * Calls `holds` until `holds` returns true.
 *
 * @throws {Error} If `holds` returns false for 20 s.
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

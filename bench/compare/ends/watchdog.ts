/**
 * A time limit for waits that do not block the event loop.
 *
 * @module
 */

import { setInterval } from "node:timers";
import type { Wire } from "./wire.ts";

/** Limit of each wait for a peer, in milliseconds. Links that block the thread use the limit. */
export const PATIENCE = 20_000;

/** Calls `onSilence` if no frame goes either way for `PATIENCE` while `isWaiting()`. */
export function watch(wire: Wire, isWaiting: () => boolean, onSilence: () => void): void {
  let moved = -1;
  let since = 0;
  setInterval(() => {
    const now = performance.now();
    if (wire.moved !== moved || !isWaiting()) [moved, since] = [wire.moved, now];
    else if (now - since > PATIENCE) onSilence();
  }, 1000);
}

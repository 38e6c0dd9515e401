/**
 * Waits again and again, gives up half of the waits, and counts the others.
 *
 * @module
 */

import type { SharedEvent, SharedSemaphore } from "../../../src/sync/mod.ts";

/** Index of the Int32 that ends all takers when it is not 0. */
export const STOP = 2;

/**
 * Waits for an object until {@linkcode STOP} is set, and adds the waits that took something to
 * `counts[index]`. Waits are given up after up to 5 ms, by a signal or by a timeout.
 */
export async function takeUntilStopped(
  object: SharedEvent | SharedSemaphore,
  counts: Int32Array<ArrayBuffer>,
  index: number,
): Promise<void> {
  for (let round = 0; Atomics.load(counts, STOP) === 0; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    const pause = round % 6;
    const timer = setTimeout(() => controller.abort(), pause);
    if (round % 7 === 0) queueMicrotask(() => controller.abort());
    try {
      if (round % 3 === 0) await object.wait({ timeout: 1 + pause });
      else if (round % 3 === 1) await object.wait({ signal });
      else await object.wait({ signal, timeout: 1 + pause });
      Atomics.add(counts, index, 1);
    } catch (error) {
      if (!signal.aborted && !(error instanceof Deno.errors.TimedOut)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

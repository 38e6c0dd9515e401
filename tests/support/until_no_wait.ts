/**
 * Waits until the waits of closed objects have left their threads.
 *
 * @module
 */

import { ParkedWait } from "../../src/sync/pool_thread_wait.ts";
import { until } from "./until.ts";

/**
 * Waits until no thread of Deno's pool waits for an object. A peer sees that a listener has closed
 * its connection a moment before the thread that has read from it is free.
 */
export async function untilNoWait(): Promise<void> {
  await until(() => ParkedWait.count === 0);
}

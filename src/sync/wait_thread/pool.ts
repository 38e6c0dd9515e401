/**
 * Which thread waits for what: one for each 63 objects, and one for each wait that Windows can
 * only do alone.
 *
 * @module
 */

import { type JobOptions, WaitJob } from "./job.ts";
import { Waiter } from "./host.ts";

/** How many threads without anything to do are kept: starting one has the script stand still for a moment. */
const MAX_IDLE = 8;

const waiters: Waiter[] = [];

/**
 * Has a thread wait for objects.
 *
 * @param options What to wait for.
 */
export function waitOnThread(options: JobOptions): WaitJob {
  const job = new WaitJob(options);
  let waiter = waiters.find((waiter) => waiter.hasRoomFor(job));
  if (waiter === undefined) waiters.push(waiter = new Waiter(retire));
  waiter.put(job);
  return job;
}

function retire(waiter: Waiter): void {
  if (!waiter.over) {
    if (waiters.filter(({ idle }) => idle).length <= MAX_IDLE) return;
    waiter.end();
  }
  const at = waiters.indexOf(waiter);
  if (at >= 0) waiters.splice(at, 1);
}

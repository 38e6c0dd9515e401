/**
 * Which thread sends what: a few of them send, each to one window at a time.
 *
 * So messages to one window arrive in order, and a window that hangs holds up one thread and what goes
 * to that window.
 *
 * @module
 */

import { MOST_NESTED } from "./listener_state.ts";
import { Sender } from "./sender.ts";
import type { SenderJob } from "./sender_job.ts";
import { type Lane, SenderQueue } from "./sender_queue.ts";

/** Maximum number of threads for sends of no handler: as many windows may hang before others wait. */
const MAX_SENDERS = 8;
/** Maximum number of threads in all: what handlers send must not wait for what waits for the handlers. */
const MAX_SENDERS_WITH_HANDLERS = MAX_SENDERS + MOST_NESTED;

/** What goes to each window that has anything. */
const queues = new Map<bigint, SenderQueue<SenderJob>>();
/** What can go out as soon as there is a thread for it, in order. */
const ready: Lane<SenderJob>[] = [];
const idle: Sender[] = [];
/** How many threads send, and how many of them send for no handler. */
let busy = 0;
let busyForNoHandler = 0;

/**
 * Sends after what is on its way to the same window.
 *
 * @param job What to send.
 */
export function enqueue(job: SenderJob): void {
  const { window } = job.parcel;
  const queue = queues.get(window) ?? new SenderQueue<SenderJob>();
  queues.set(window, queue);
  queue.add(job);
  assign(queue);
}

/** Gives sends to threads while there are both. */
function assign(queue: SenderQueue<SenderJob>): void {
  ready.push(...queue.takeReady());
  for (let next; (next = ready.findIndex(hasThreadFor)) >= 0;) {
    const [lane] = ready.splice(next, 1);
    void serve(lane!);
  }
}

function hasThreadFor({ since }: Lane<SenderJob>): boolean {
  return since > 0 ? busy < MAX_SENDERS_WITH_HANDLERS : busyForNoHandler < MAX_SENDERS;
}

/** Sends what comes first in a lane, and has the thread look for another when that is answered. */
async function serve(lane: Lane<SenderJob>): Promise<void> {
  const job = lane.jobs[0]!;
  const ofNoHandler = lane.since === 0 ? 1 : 0;
  busy++;
  busyForNoHandler += ofNoHandler;
  try {
    const sender = idle.pop() ?? await Sender.start();
    if (!job.over) job.finish(await sender.send({ ...job.parcel, timeout: job.timeLeft }));
    idle.push(sender);
  } catch (error) {
    job.fail(error);
  }
  busy--;
  busyForNoHandler -= ofNoHandler;
  const { window } = job.parcel;
  const queue = queues.get(window)!;
  queue.finish(lane);
  if (queue.isEmpty) queues.delete(window);
  assign(queue);
}

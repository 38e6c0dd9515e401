/**
 * Which thread sends what: a few of them send, and a window never has more than one.
 *
 * So messages to one window arrive in order, and a window that hangs holds up one
 * thread and what goes to that window.
 *
 * @module
 */

import { Sender } from "./sender.ts";
import type { SenderJob } from "./sender_job.ts";

/** The most threads: as many windows may hang before sends to others have to wait. */
const MOST_SENDERS = 8;

/** What goes to each window that has anything, in order; the first may be on its way. */
const lanes = new Map<bigint, SenderJob[]>();
/** The windows whose first job no sender has taken yet, in order. */
const ready: bigint[] = [];
const idle: Sender[] = [];
let senders = 0;

/**
 * Sends after what is on its way to the same window.
 *
 * @param job What to send.
 */
export function enqueue(job: SenderJob): void {
  const { window } = job.parcel;
  const lane = lanes.get(window);
  if (lane === undefined) {
    lanes.set(window, [job]);
    ready.push(window);
    assign();
  } else {
    lane.push(job);
  }
}

/** Gives windows to senders while there are both. */
function assign(): void {
  while (ready.length > 0 && (idle.length > 0 || senders < MOST_SENDERS)) {
    void serve(ready.shift()!, idle.pop());
  }
}

/** Sends what goes to a window, and has the sender look for another when that is all. */
async function serve(window: bigint, sender: Sender | undefined): Promise<void> {
  const job = lanes.get(window)!.shift()!;
  if (sender === undefined) senders++;
  try {
    sender ??= await Sender.start();
    if (!job.over) job.finish(await sender.send({ ...job.parcel, timeout: job.timeLeft }));
    idle.push(sender);
  } catch (error) {
    senders--;
    job.fail(error);
  }
  if (lanes.get(window)!.length > 0) ready.push(window);
  else lanes.delete(window);
  assign();
}

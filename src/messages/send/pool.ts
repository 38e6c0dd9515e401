/**
 * The threads that send, as the script's own thread sees them; which of them sends what, and in which
 * order.
 *
 * A few threads send, each to one window at a time. So messages to one window arrive in order, and a
 * window that hangs holds up one thread and what goes to that window.
 *
 * @module
 */

import { EVENT_LOOP, PATIENCE } from "../../wait/event_loop.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";
import type { SendJob } from "./job.ts";
import { HOLDER, ROOM, SendRecord, type SendThreadData } from "./protocol.ts";
import { MAX_NESTED } from "../listen/protocol.ts";

/** A sender thread; it has one job at a time. */
export class SendHost {
  readonly #record = new SendRecord();
  #failure: Error | undefined;

  private constructor() {}

  /** Starts a thread, which does not hold the process: what is being sent does. */
  static async start(): Promise<SendHost> {
    const host = new SendHost();
    const data: SendThreadData = { buffer: host.#record.buffer, parent: asParent() };
    const thread = await Thread.start(import.meta.resolve("./worker.ts"), {
      data,
      onEnd: (error = new Error("The sender thread has ended")) => host.#end(error),
    });
    thread.unref();
    return host;
  }

  /**
   * Does a job, unless nobody waits for its answer any more.
   *
   * @throws {Error} If the thread has ended.
   */
  async run(job: SendJob): Promise<void> {
    if (job.over) return;
    job.finish(await this.#exchange({ ...job.parcel, timeout: job.timeLeft }));
  }

  /** Hands a parcel over, part by part, and waits for its outcome. */
  async #exchange(parcel: Parcel): Promise<Outcome> {
    const { bytes } = parcel;
    this.#record.writeHead({ ...parcel, byteLength: bytes.length });
    let at = 0;
    do {
      this.#record.room.set(bytes.subarray(at, at + ROOM));
      await this.#passToThread();
      at += ROOM;
    } while (at < bytes.length);
    return this.#record.readOutcome();
  }

  /** Passes the record to the thread, and waits until it comes back. */
  async #passToThread(): Promise<void> {
    const { holder } = this.#record;
    this.#record.pass(HOLDER.script, HOLDER.thread);
    // Most receivers answer sooner than an event loop falls asleep and wakes up.
    EVENT_LOOP.blockBriefly(() => Atomics.wait(holder, 0, HOLDER.thread, PATIENCE / 2));
    while (Atomics.load(holder, 0) === HOLDER.thread) {
      await Atomics.waitAsync(holder, 0, HOLDER.thread).value;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The thread is no more: nobody is to wait for it. */
  #end(error: Error): void {
    this.#failure = error;
    Atomics.store(this.#record.holder, 0, HOLDER.over);
    Atomics.notify(this.#record.holder, 0);
  }
}

/** Maximum number of threads for sends of no handler: as many windows may hang before others wait. */
const MAX_SENDERS = 8;
/** Maximum number of threads in all: what handlers send must not wait for what waits for the handlers. */
const MAX_SENDERS_WITH_HANDLERS = MAX_SENDERS + MAX_NESTED;

/** What goes to each window that has anything. */
const queues = new Map<bigint, SendQueue<SendJob>>();
/** What can go out as soon as there is a thread for it, in order. */
const ready: Lane<SendJob>[] = [];
const idle: SendHost[] = [];
/** How many threads send, and how many of them send for no handler. */
let busy = 0;
let busyForNoHandler = 0;

/** Has a thread do a job, after the jobs that are on their way to the same window. */
export function sendOnThread(job: SendJob): void {
  const { window } = job.parcel;
  const queue = queues.get(window) ?? new SendQueue<SendJob>();
  queues.set(window, queue);
  queue.add(job);
  assign(queue);
}

/** Gives sends to threads while there are both. */
function assign(queue: SendQueue<SendJob>): void {
  ready.push(...queue.takeReady());
  for (let next; (next = ready.findIndex(hasThreadFor)) >= 0;) {
    const [lane] = ready.splice(next, 1);
    void serve(lane!);
  }
}

function hasThreadFor({ since }: Lane<SendJob>): boolean {
  return since > 0 ? busy < MAX_SENDERS_WITH_HANDLERS : busyForNoHandler < MAX_SENDERS;
}

/** Sends what comes first in a lane, and has the thread look for another when that is answered. */
async function serve(lane: Lane<SendJob>): Promise<void> {
  const job = lane.jobs[0]!;
  const ofNoHandler = lane.since === 0 ? 1 : 0;
  busy++;
  busyForNoHandler += ofNoHandler;
  try {
    const host = idle.pop() ?? await SendHost.start();
    await host.run(job);
    idle.push(host);
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

/** A send, as far as its place in the order goes. */
interface Send {
  /** Its number among all sends, in the order in which they began. */
  readonly number: number;
  /** How many sends had begun when the handler began that sends this; 0 if none does. */
  readonly since: number;
  /** Whether nobody waits for its answer any more. */
  readonly over: boolean;
}

/** The sends of the same handlers to one window, in order; the first may be on its way. */
export interface Lane<S extends Send> {
  /** How many sends had begun when the handlers began; 0 for sends of no handler. */
  readonly since: number;
  /** The sends, of which the first is the next. */
  readonly jobs: S[];
  /** Whether the first is on its way, or is to be as soon as there is a thread for it. */
  isTaken: boolean;
}

/**
 * What is to be sent to one window.
 *
 * A send waits for all sends that began before it. A handler's send has an exception. As long as a
 * send that began before the handler is unanswered, the handler's send waits only for sends whose
 * handlers began no earlier than its own.
 */
export class SendQueue<S extends Send> {
  #lanes: Lane<S>[] = [];

  /** Whether nothing is to be sent. */
  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  /** Adds a send, which has begun after all that are here. */
  add(job: S): void {
    const lane = this.#lanes.find(({ since }) => since === job.since);
    if (lane !== undefined) lane.jobs.push(job);
    else this.#lanes.push({ since: job.since, jobs: [job], isTaken: false });
  }

  /** Takes the lanes whose first send can go out now. */
  takeReady(): Lane<S>[] {
    const ready = this.#ready().filter((lane) => !lane.isTaken);
    for (const lane of ready) lane.isTaken = true;
    return ready;
  }

  /** Takes the first send out of a lane, which is answered or given up, and what is given up behind it. */
  finish(lane: Lane<S>): void {
    do lane.jobs.shift(); while (lane.jobs[0]?.over);
    lane.isTaken = false;
    if (lane.jobs.length === 0) this.#lanes = this.#lanes.filter((other) => other !== lane);
  }

  /** The lanes whose first send waits for no other. */
  #ready(): Lane<S>[] {
    if (this.#lanes.length < 2) return this.#lanes;
    const oldest = Math.min(...this.#lanes.map(firstNumber));
    let earliest = Infinity;
    const ready: Lane<S>[] = [];
    for (const lane of this.#lanes.toSorted((a, b) => b.since - a.since)) {
      const number = firstNumber(lane);
      // Of those whose handlers began no earlier, this one began first.
      const isNext = number < earliest;
      if (number === oldest || (oldest <= lane.since && isNext)) ready.push(lane);
      earliest = Math.min(earliest, number);
    }
    return ready;
  }
}

function firstNumber({ jobs }: Lane<Send>): number {
  return jobs[0]!.number;
}

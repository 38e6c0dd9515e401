/**
 * Distributes sends to a few threads, in the right order.
 *
 * Each thread sends to one window at a time. So messages to one window arrive in order. A window
 * that hangs delays one thread, and only the messages to that window.
 *
 * @module
 */

import { EVENT_LOOP, PATIENCE, ShortWaits } from "../../wait/event_loop.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import type { SendJob } from "./job.ts";
import { HOLDER, ROOM, SendRecord, type SendThreadData } from "./protocol.ts";
import { PROGRAM } from "./worker_program.ts";
import { MAX_NESTED } from "../listen/protocol.ts";

/** A send thread as the script sees it. It does one job at a time. */
export class SendHost {
  readonly #record = new SendRecord();
  /** The earlier waits for the thread. */
  readonly #shortWaits = new ShortWaits();
  #failure: Error | undefined;

  private constructor() {}

  /** Starts a thread. It does not keep the process alive; the timers of unfinished jobs do. */
  static async start(): Promise<SendHost> {
    const host = new SendHost();
    const data: SendThreadData = { buffer: host.#record.buffer, parent: asParent() };
    const thread = await Thread.start(PROGRAM, {
      path: "src/messages/send/worker_program.ts",
      data,
      onEnd: (error = new Error("The send thread has ended")) => host.#end(error),
    });
    thread.unref();
    return host;
  }

  /**
   * Does a job, unless the wait for its answer is over.
   *
   * @throws {Error} If the thread has ended.
   */
  async run(job: SendJob): Promise<void> {
    if (job.over) return;
    const bytes = job.takeBytes(ROOM);
    this.#record.writeHead({ ...job.parcel, timeout: job.timeLeft, byteLength: bytes.length });
    // The thread gets the bytes part by part, and sends them after the last part.
    let at = 0;
    do {
      this.#record.room.set(bytes.subarray(at, at + ROOM));
      const began = performance.now();
      this.#record.pass(HOLDER.script, HOLDER.thread);
      // An await only where it is needed: a job that is done at once needs no timer.
      if (!this.#shortWaits.areExpected || !this.#blockBriefly()) await this.#waitForThread();
      this.#shortWaits.note(performance.now() - began);
      at += ROOM;
    } while (at < bytes.length);
    job.finish(this.#record.readOutcome());
  }

  /**
   * Blocks for up to 1 ms, because the event loop would need longer to fall asleep and wake up.
   * Returns whether the thread has passed the record back.
   */
  #blockBriefly(): boolean {
    const { holder } = this.#record;
    const isBack = EVENT_LOOP.blockBriefly(() => holder.blockWhile(HOLDER.thread, PATIENCE));
    return isBack === true && this.#failure === undefined;
  }

  /**
   * Waits until the thread has passed the record back. A script's thread that has already blocked
   * for 1 ms in this event-loop turn lets the next turn begin, and then blocks again.
   *
   * @throws {Error} If the thread has ended.
   */
  async #waitForThread(): Promise<void> {
    if (this.#shortWaits.areExpected) {
      await EVENT_LOOP.turn();
      this.#blockBriefly();
    }
    await this.#record.holder.untilNot(HOLDER.thread);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Notes that the thread has ended, and wakes a call that waits for it. */
  #end(error: Error): void {
    this.#failure = error;
    this.#record.holder.set(HOLDER.over);
  }
}

/**
 * Maximum number of threads for sends that belong to no handler. If that many windows hang, sends
 * to other windows wait.
 */
const MAX_SENDERS = 8;
/**
 * Maximum number of all threads. Handlers have threads of their own, because their sends must not
 * wait for a send that waits for a handler.
 */
const MAX_SENDERS_WITH_HANDLERS = MAX_SENDERS + MAX_NESTED;

/** The queues of all windows to which jobs are not finished, by the window's handle. */
const queues = new Map<bigint, SendQueue<SendJob>>();
/** The lanes whose first job can be sent as soon as a thread is free, in order. */
const ready: Lane<SendJob>[] = [];
const idle: SendHost[] = [];
/** The number of threads that are sending. */
let busy = 0;
/** The number of threads that are sending for no handler. */
let busyForNoHandler = 0;

/** Sends a job's parcel on a thread, in the right order among the jobs for the same window. */
export function assignToThread(job: SendJob): void {
  const { window } = job.parcel;
  const queue = queues.get(window) ?? new SendQueue<SendJob>();
  queues.set(window, queue);
  queue.add(job);
  assign(queue);
}

/** Assigns ready lanes to threads, as long as there are both. */
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

/** Does the first job of a lane on a thread, and then assigns the next jobs. */
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

/** The properties of a send that decide about its order. */
interface Send {
  /** The number of this send, in the order in which all sends began. */
  readonly number: number;
  /** The number of the latest send when the sending handler began; 0 if no handler sends. */
  readonly since: number;
  /** Whether the wait for the answer is over. */
  readonly over: boolean;
}

/** The sends to one window that have the same `since`, in order. */
export interface Lane<S extends Send> {
  /** The number of the latest send when the sending handlers began; 0 if no handlers send. */
  readonly since: number;
  /** The sends. Only the first of them can be under way. */
  readonly jobs: S[];
  /** Whether the first send is under way, or waits only for a free thread. */
  isTaken: boolean;
}

/**
 * The sends to one window.
 *
 * A send waits for all sends that began before it. A handler's send has an exception as long as a
 * send that began before the handler is unanswered. Then it waits only for sends whose handlers
 * began at the same time as its own handler or later.
 */
export class SendQueue<S extends Send> {
  #lanes: Lane<S>[] = [];

  /** Whether there are no sends. */
  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  /** Adds a send, which must have begun after all sends in the queue. */
  add(job: S): void {
    const lane = this.#lanes.find(({ since }) => since === job.since);
    if (lane !== undefined) lane.jobs.push(job);
    else this.#lanes.push({ since: job.since, jobs: [job], isTaken: false });
  }

  /** Takes the lanes whose first send can be sent now. */
  takeReady(): Lane<S>[] {
    const ready = this.#ready().filter((lane) => !lane.isTaken);
    for (const lane of ready) lane.isTaken = true;
    return ready;
  }

  /** Removes the first send of a lane, which is over, and the sends behind it that are over too. */
  finish(lane: Lane<S>): void {
    do lane.jobs.shift(); while (lane.jobs[0]?.over);
    lane.isTaken = false;
    if (lane.jobs.length === 0) this.#lanes = this.#lanes.filter((other) => other !== lane);
  }

  /** Returns the lanes whose first send does not wait for another send. */
  #ready(): Lane<S>[] {
    if (this.#lanes.length < 2) return this.#lanes;
    const oldest = Math.min(...this.#lanes.map(firstNumber));
    let earliest = Infinity;
    const ready: Lane<S>[] = [];
    for (const lane of this.#lanes.toSorted((a, b) => b.since - a.since)) {
      const number = firstNumber(lane);
      // Among the sends whose handlers began at this time or later, this send began first.
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

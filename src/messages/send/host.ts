/**
 * A thread that sends, as the script's own thread sees it.
 *
 * @module
 */

import { EVENT_LOOP, PATIENCE } from "../../wait/event_loop.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";
import type { SendJob } from "./job.ts";
import { HOLDER, ROOM, SendRecord, type SendThreadData } from "./protocol.ts";

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
      onMessage: () => {},
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

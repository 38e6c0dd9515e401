/**
 * A thread that sends, as the script's own thread sees it.
 *
 * @module
 */

import { asParent, Thread } from "../../wait/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";
import { SenderRecord } from "./protocol.ts";
import type { SenderThreadData } from "./worker.ts";

/** A sender thread; it has one parcel at a time. */
export class Sender {
  readonly #record: SenderRecord;

  private constructor(record: SenderRecord) {
    this.#record = record;
  }

  /** Starts a thread, which does not hold the process: what is being sent does. */
  static async start(): Promise<Sender> {
    const record = new SenderRecord();
    const data: SenderThreadData = { buffer: record.buffer, parent: asParent() };
    const thread = await Thread.start(import.meta.resolve("./worker.ts"), {
      data,
      onMessage: () => {},
      onEnd: (error = new Error("The sender thread has ended")) => record.end(error),
    });
    thread.unref();
    return new Sender(record);
  }

  /**
   * Sends a parcel.
   *
   * @param parcel The parcel.
   */
  send(parcel: Parcel): Promise<Outcome> {
    return this.#record.exchange(parcel);
  }
}

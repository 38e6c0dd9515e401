/**
 * A thread that sends, as the script's own thread sees it.
 *
 * @module
 */

import type { MessagePort } from "node:worker_threads";
import { Thread } from "../threads/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";
import { SenderRecord } from "./sender_record.ts";
import type { SenderThreadData } from "./sender_thread.ts";

/** A sender thread; it has one parcel at a time. */
export class Sender {
  readonly #record = new SenderRecord();
  readonly #large: MessagePort;

  private constructor(large: MessagePort) {
    this.#large = large;
  }

  /** Starts a thread, which does not hold the process: what is being sent does. */
  static async start(): Promise<Sender> {
    const { MessageChannel } = await import("node:worker_threads");
    const { port1, port2 } = new MessageChannel();
    const sender = new Sender(port1);
    const data: SenderThreadData = { record: sender.#record.buffer, large: port2 };
    const thread = await Thread.start(import.meta.resolve("./sender_thread.ts"), {
      data,
      transfer: [port2],
      onMessage: () => {},
      onEnd: () => sender.#record.end(),
    });
    port1.unref();
    thread.unref();
    return sender;
  }

  /**
   * Sends a parcel.
   *
   * @param parcel The parcel; its bytes may be given away to the thread.
   */
  send(parcel: Parcel): Promise<Outcome> {
    const { bytes } = parcel;
    const byteLength = bytes.length;
    if (!SenderRecord.holds(byteLength)) this.#large.postMessage(bytes, [bytes.buffer]);
    return this.#record.exchange(parcel, byteLength);
  }
}

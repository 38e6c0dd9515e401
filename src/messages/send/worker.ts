/**
 * The program of a send thread. It sends one parcel after another, and blocks until each is
 * answered.
 *
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { Parent } from "../../wait/thread.ts";
import { deliver, type Parcel } from "./delivery.ts";
import { HOLDER, ROOM, SendRecord, type SendThreadData } from "./protocol.ts";

/** Takes parcels from a record, sends them, and writes their outcomes. */
class SendThread {
  readonly #record: SendRecord;
  readonly #parent: Parent;

  constructor(buffer: SharedArrayBuffer, parent: Parent) {
    this.#record = new SendRecord(buffer);
    this.#parent = parent;
  }

  /** Sends the script's parcels until the script's thread has ended. */
  run(): void {
    for (let parcel; (parcel = this.#take()) !== undefined;) {
      this.#record.writeOutcome(deliver(parcel));
      this.#record.pass(HOLDER.thread, HOLDER.script);
    }
  }

  /** Waits for a parcel and reads it part by part. `undefined` if the script's thread has ended. */
  #take(): Parcel | undefined {
    if (!this.#waitForRecord()) return undefined;
    const { byteLength, ...head } = this.#record.readHead();
    // The script writes the next parcel only after the outcome of this one.
    if (byteLength <= ROOM) return { ...head, bytes: this.#record.room.subarray(0, byteLength) };
    const bytes = new Uint8Array(byteLength);
    for (let at = 0;;) {
      const part = this.#record.room.subarray(0, Math.min(ROOM, byteLength - at));
      bytes.set(part, at);
      at += part.length;
      if (at === byteLength) return { ...head, bytes };
      this.#record.pass(HOLDER.thread, HOLDER.script);
      if (!this.#waitForRecord()) return undefined;
    }
  }

  /** Waits until this thread holds the record. Returns `false` if the script's thread has ended. */
  #waitForRecord(): boolean {
    const { holder } = this.#record;
    while (holder.value === HOLDER.script) {
      const isPassed = holder.blockWhile(HOLDER.script, this.#parent.lookInterval);
      if (!isPassed && this.#parent.hasEnded) return false;
    }
    return true;
  }
}

function run({ buffer, parent: identity }: SendThreadData): void {
  using parent = new Parent(identity);
  new SendThread(buffer, parent).run();
}

if (!isMainThread) run(workerData);

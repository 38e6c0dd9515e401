/**
 * A thread that sends one parcel after another and blocks until each is answered.
 *
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { Parent } from "../../wait/thread.ts";
import { deliver, type Parcel } from "./delivery.ts";
import { ROOM, SendRecord, type SendThreadData, TURN } from "./protocol.ts";

/** The thread's side of a record. */
class SendThread {
  readonly #record: SendRecord;
  readonly #parent: Parent;

  constructor(buffer: SharedArrayBuffer, parent: Parent) {
    this.#record = new SendRecord(buffer);
    this.#parent = parent;
  }

  /** Sends what the script hands over, until the script's thread has ended. */
  run(): void {
    for (let parcel; (parcel = this.#take()) !== undefined;) {
      this.#record.writeOutcome(deliver(parcel));
      this.#record.pass(TURN.thread, TURN.script);
    }
  }

  /** Waits for a parcel, and takes it part by part; `undefined` if the script's thread has ended. */
  #take(): Parcel | undefined {
    if (!this.#waitForTurn()) return undefined;
    const { byteLength, ...head } = this.#record.readHead();
    const bytes = new Uint8Array(byteLength);
    for (let at = 0;;) {
      const part = this.#record.room.subarray(0, Math.min(ROOM, byteLength - at));
      bytes.set(part, at);
      at += part.length;
      if (at === byteLength) return { ...head, bytes };
      this.#record.pass(TURN.thread, TURN.script);
      if (!this.#waitForTurn()) return undefined;
    }
  }

  /** Waits while it is the script's turn; `false` if the script's thread has ended. */
  #waitForTurn(): boolean {
    const { turn } = this.#record;
    while (Atomics.wait(turn, 0, TURN.script, this.#parent.lookInterval) === "timed-out") {
      if (this.#parent.hasEnded) return false;
    }
    return true;
  }
}

function run({ buffer, parent: identity }: SendThreadData): void {
  using parent = new Parent(identity);
  new SendThread(buffer, parent).run();
}

if (!isMainThread) run(workerData);

/**
 * The memory in which the script's thread and a sender thread hand each other parcels and
 * outcomes, in a third of the time that messages between Workers take.
 *
 * @module
 */

import { blockBriefly, PATIENCE } from "../../wait/event_loop.ts";
import type { Parent } from "../../wait/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";

/** Whose turn it is, which both sides wait for. */
const TURN = { script: 0, sender: 1, over: 2 } as const;

/** How many bytes are handed over at once; a larger parcel takes several turns. */
const ROOM = 2 ** 20;

// Where things are, in bytes.
const TURN_AT = 0;
const WINDOW_AT = 8;
const W_PARAM_AT = 16;
const L_PARAM_AT = 24;
const TIMEOUT_AT = 32;
const BYTE_LENGTH_AT = 36;
const ANSWER_AT = 40;
const CODE_AT = 48;
const MESSAGE_AT = 52;
const BYTES_AT = 64;

/** One parcel, and then its outcome. */
export class SenderRecord {
  /** The memory, for the other thread. */
  readonly buffer: SharedArrayBuffer;
  readonly #turn: Int32Array<SharedArrayBuffer>;
  readonly #fields: DataView<SharedArrayBuffer>;
  readonly #room: Uint8Array<SharedArrayBuffer>;
  #end: Error | undefined;

  /**
   * Lays the record over memory.
   *
   * @param buffer The memory of the other thread's record. @default new memory
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES_AT + ROOM)) {
    this.buffer = buffer;
    this.#turn = new Int32Array(buffer, TURN_AT, 1);
    this.#fields = new DataView(buffer);
    this.#room = new Uint8Array(buffer, BYTES_AT);
  }

  /**
   * The script's side: hands a parcel over, and waits for its outcome.
   *
   * @param parcel The parcel.
   */
  async exchange(parcel: Parcel): Promise<Outcome> {
    const { window, message, wParam, lParam, timeout, bytes } = parcel;
    this.#fields.setBigUint64(WINDOW_AT, window);
    this.#fields.setUint32(MESSAGE_AT, message);
    this.#fields.setBigUint64(W_PARAM_AT, wParam);
    this.#fields.setBigInt64(L_PARAM_AT, lParam);
    this.#fields.setUint32(TIMEOUT_AT, timeout);
    this.#fields.setUint32(BYTE_LENGTH_AT, bytes.length);
    let at = 0;
    do {
      this.#room.set(bytes.subarray(at, at + ROOM));
      await this.#senderTurn();
      at += ROOM;
    } while (at < bytes.length);
    const code = this.#fields.getUint32(CODE_AT);
    return code === 0 ? { answer: this.#fields.getBigInt64(ANSWER_AT) } : { code };
  }

  /**
   * The script's side: the sender has ended, so that nobody is to wait for it.
   *
   * @param error What those get who do.
   */
  end(error: Error): void {
    this.#end = error;
    Atomics.store(this.#turn, 0, TURN.over);
    Atomics.notify(this.#turn, 0);
  }

  /**
   * The sender's side: waits for a parcel.
   *
   * @returns `undefined` if the script's thread has ended.
   */
  take(parent: Pick<Parent, "lookInterval" | "hasEnded">): Parcel | undefined {
    if (!this.#waitForScript(parent)) return undefined;
    const bytes = new Uint8Array(this.#fields.getUint32(BYTE_LENGTH_AT));
    for (let at = 0;;) {
      const part = this.#room.subarray(0, Math.min(ROOM, bytes.length - at));
      bytes.set(part, at);
      at += part.length;
      if (at === bytes.length) break;
      this.#pass(TURN.sender, TURN.script);
      if (!this.#waitForScript(parent)) return undefined;
    }
    return {
      window: this.#fields.getBigUint64(WINDOW_AT),
      message: this.#fields.getUint32(MESSAGE_AT),
      wParam: this.#fields.getBigUint64(W_PARAM_AT),
      lParam: this.#fields.getBigInt64(L_PARAM_AT),
      timeout: this.#fields.getUint32(TIMEOUT_AT),
      bytes,
    };
  }

  /** The sender's side: writes what came of the parcel. */
  answer(outcome: Outcome): void {
    const answered = "answer" in outcome;
    this.#fields.setUint32(CODE_AT, answered ? 0 : outcome.code);
    this.#fields.setBigInt64(ANSWER_AT, answered ? outcome.answer : 0n);
    this.#pass(TURN.sender, TURN.script);
  }

  /** The sender's side: waits while it is the script's turn; `false` if its thread has ended. */
  #waitForScript(parent: Pick<Parent, "lookInterval" | "hasEnded">): boolean {
    while (Atomics.wait(this.#turn, 0, TURN.script, parent.lookInterval) === "timed-out") {
      if (parent.hasEnded) return false;
    }
    return true;
  }

  /** Gives the sender its turn, and waits until it is over. */
  async #senderTurn(): Promise<void> {
    this.#pass(TURN.script, TURN.sender);
    // Most receivers answer sooner than an event loop falls asleep and wakes up.
    blockBriefly(() => Atomics.wait(this.#turn, 0, TURN.sender, PATIENCE / 2));
    while (Atomics.load(this.#turn, 0) === TURN.sender) {
      await Atomics.waitAsync(this.#turn, 0, TURN.sender).value;
    }
    if (this.#end !== undefined) throw this.#end;
  }

  #pass(from: number, to: number): void {
    Atomics.compareExchange(this.#turn, 0, from, to);
    Atomics.notify(this.#turn, 0);
  }
}

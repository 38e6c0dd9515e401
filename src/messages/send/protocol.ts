/**
 * The memory in which a script and one of its sender threads hand each other parcels and outcomes, in a
 * third of the time that messages between Workers take.
 *
 * One word says whose turn it is. Whoever has the turn reads and writes the rest, and the other one waits.
 *
 * @module
 */

import type { ParentIdentity } from "../../wait/thread.ts";
import type { Outcome, Parcel } from "./delivery.ts";

/** What a sender thread is started with. */
export interface SendThreadData {
  /** The memory of the {@linkcode SendRecord}. */
  buffer: SharedArrayBuffer;
  /** The script's own thread: nothing is to be sent for one that has ended. */
  parent: ParentIdentity;
}

/** Whose turn it is; nobody's once the thread has ended. */
export const TURN = { script: 0, thread: 1, over: 2 } as const;

/** How many bytes are handed over at once; a larger parcel takes several turns. */
export const ROOM: number = 2 ** 20;

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

/** All of a parcel but its bytes. */
export interface ParcelHead extends Omit<Parcel, "bytes"> {
  /** How many bytes it has. */
  byteLength: number;
}

/** One parcel, and then its outcome. */
export class SendRecord {
  /** The memory, for the other thread. */
  readonly buffer: SharedArrayBuffer;
  /** The word that says whose turn it is, out of {@linkcode TURN}. */
  readonly turn: Int32Array<SharedArrayBuffer>;
  /** Room for the bytes of a parcel, or a part of them. */
  readonly room: Uint8Array<SharedArrayBuffer>;
  readonly #fields: DataView<SharedArrayBuffer>;

  /**
   * Lays the record over memory.
   *
   * @param buffer The memory of the other side's record. @default new memory
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES_AT + ROOM)) {
    this.buffer = buffer;
    this.turn = new Int32Array(buffer, TURN_AT, 1);
    this.room = new Uint8Array(buffer, BYTES_AT);
    this.#fields = new DataView(buffer);
  }

  /** Writes a parcel but for its bytes. */
  writeHead({ window, message, wParam, lParam, timeout, byteLength }: ParcelHead): void {
    this.#fields.setBigUint64(WINDOW_AT, window);
    this.#fields.setUint32(MESSAGE_AT, message);
    this.#fields.setBigUint64(W_PARAM_AT, wParam);
    this.#fields.setBigInt64(L_PARAM_AT, lParam);
    this.#fields.setUint32(TIMEOUT_AT, timeout);
    this.#fields.setUint32(BYTE_LENGTH_AT, byteLength);
  }

  /** Reads a parcel but for its bytes. */
  readHead(): ParcelHead {
    return {
      window: this.#fields.getBigUint64(WINDOW_AT),
      message: this.#fields.getUint32(MESSAGE_AT),
      wParam: this.#fields.getBigUint64(W_PARAM_AT),
      lParam: this.#fields.getBigInt64(L_PARAM_AT),
      timeout: this.#fields.getUint32(TIMEOUT_AT),
      byteLength: this.#fields.getUint32(BYTE_LENGTH_AT),
    };
  }

  /** Writes what came of the parcel. */
  writeOutcome(outcome: Outcome): void {
    const answered = "answer" in outcome;
    this.#fields.setUint32(CODE_AT, answered ? 0 : outcome.code);
    this.#fields.setBigInt64(ANSWER_AT, answered ? outcome.answer : 0n);
  }

  /** Reads what came of the parcel. */
  readOutcome(): Outcome {
    const code = this.#fields.getUint32(CODE_AT);
    return code === 0 ? { answer: this.#fields.getBigInt64(ANSWER_AT) } : { code };
  }

  /** Gives the turn from one side to the other, unless it is over. */
  pass(from: number, to: number): void {
    Atomics.compareExchange(this.turn, 0, from, to);
    Atomics.notify(this.turn, 0);
  }
}

/**
 * The memory through which a script and a send thread exchange parcels and outcomes. This takes a
 * third of the time of messages between Workers.
 *
 * One word says whether the script or the thread holds the record. The holder reads and writes the
 * rest of the memory, and its peer waits.
 *
 * @module
 */

import { SharedWord } from "../../../ffi/shared_word.ts";
import type { ParentIdentity } from "../../wait/thread.ts";
import type { Outcome, ParcelHead } from "./delivery.ts";

/** The data with which a send thread starts. */
export interface SendThreadData {
  /** The memory of the {@linkcode SendRecord}. */
  buffer: SharedArrayBuffer;
  /** The script's thread. When it has ended, the send thread takes no more parcels and ends. */
  parent: ParentIdentity;
}

/** The values of the word that names the holder; `over` after the thread has ended. */
export const HOLDER = { script: 0, thread: 1, over: 2 } as const;

/** Maximum number of bytes that are passed at once. A larger parcel is passed in parts. */
export const ROOM: number = 2 ** 20;

// The offsets of the fields, in bytes. The word that names the holder is at 0.
const WINDOW_AT = 8;
const W_PARAM_AT = 16;
const L_PARAM_AT = 24;
const TIMEOUT_AT = 32;
const BYTE_LENGTH_AT = 36;
const ANSWER_AT = 40;
const CODE_AT = 48;
const MESSAGE_AT = 52;
const BYTES_AT = 64;

/** The shared record of one parcel, and then of its outcome. */
export class SendRecord {
  /** The shared memory. */
  readonly buffer: SharedArrayBuffer;
  /** The word that names the holder by a value of {@linkcode HOLDER}. */
  readonly holder: SharedWord;
  /** Room for the bytes of a parcel, or a part of them. */
  readonly room: Uint8Array<SharedArrayBuffer>;
  readonly #fields: DataView<SharedArrayBuffer>;

  /**
   * Creates the record in new memory, or attaches it to the memory of the peer's record.
   *
   * @param buffer The `buffer` of the peer's record. @default new memory
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES_AT + ROOM)) {
    this.buffer = buffer;
    this.holder = new SharedWord(buffer);
    this.room = new Uint8Array(buffer, BYTES_AT);
    this.#fields = new DataView(buffer);
  }

  /** Writes a parcel without its bytes. */
  writeHead({ window, message, wParam, lParam, timeout, byteLength }: ParcelHead): void {
    this.#fields.setBigUint64(WINDOW_AT, window);
    this.#fields.setUint32(MESSAGE_AT, message);
    this.#fields.setBigUint64(W_PARAM_AT, wParam);
    this.#fields.setBigInt64(L_PARAM_AT, lParam);
    this.#fields.setUint32(TIMEOUT_AT, timeout);
    this.#fields.setUint32(BYTE_LENGTH_AT, byteLength);
  }

  /** Reads a parcel without its bytes. */
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

  /** Writes the parcel's outcome. */
  writeOutcome(outcome: Outcome): void {
    const answered = "answer" in outcome;
    this.#fields.setUint32(CODE_AT, answered ? 0 : outcome.code);
    this.#fields.setBigInt64(ANSWER_AT, answered ? outcome.answer : 0n);
  }

  /** Reads the parcel's outcome. */
  readOutcome(): Outcome {
    const code = this.#fields.getUint32(CODE_AT);
    return code === 0 ? { answer: this.#fields.getBigInt64(ANSWER_AT) } : { code };
  }

  /** Passes the record from one holder to its peer, unless the thread has ended. */
  pass(from: number, to: number): void {
    this.holder.replace(from, to);
  }
}

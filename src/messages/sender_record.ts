/**
 * The memory in which the script's thread and a sender thread hand each other parcels and
 * outcomes, in a third of the time that messages between Workers take.
 *
 * @module
 */

import type { Outcome, Parcel } from "./delivery.ts";

/** Whose turn it is, which both sides wait for. */
const TURN = { script: 0, sender: 1, over: 2 } as const;

/** How many bytes of a parcel have room in the memory. */
const ROOM = 65_536;

// Where things are, in bytes.
const TURN_AT = 0;
const WINDOW_AT = 8;
const FROM_AT = 16;
const ID_AT = 24;
const TIMEOUT_AT = 32;
const BYTE_LENGTH_AT = 36;
const ANSWER_AT = 40;
const CODE_AT = 48;
const BYTES_AT = 64;

/** One parcel, and then its outcome. */
export class SenderRecord {
  /** The memory, for the other thread. */
  readonly buffer: SharedArrayBuffer;
  readonly #turn: Int32Array<SharedArrayBuffer>;
  readonly #fields: DataView<SharedArrayBuffer>;

  /**
   * Lays the record over memory.
   *
   * @param buffer The memory of the other thread's record. @default new memory
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES_AT + ROOM)) {
    this.buffer = buffer;
    this.#turn = new Int32Array(buffer, TURN_AT, 1);
    this.#fields = new DataView(buffer);
  }

  /** Whether bytes have room here; if not, they have to be brought in another way. */
  static holds(byteLength: number): boolean {
    return byteLength <= ROOM;
  }

  /**
   * The script's side: writes a parcel, and waits until the sender has written its outcome.
   *
   * @param parcel The parcel.
   * @param byteLength How many bytes it has, for those without room here are gone already.
   */
  async exchange(
    { window, from, id, timeout, bytes }: Parcel,
    byteLength: number,
  ): Promise<Outcome> {
    this.#fields.setBigUint64(WINDOW_AT, window);
    this.#fields.setBigUint64(FROM_AT, from);
    this.#fields.setBigUint64(ID_AT, id);
    this.#fields.setUint32(TIMEOUT_AT, timeout);
    this.#fields.setUint32(BYTE_LENGTH_AT, byteLength);
    if (SenderRecord.holds(byteLength)) this.#bytes(byteLength).set(bytes);
    this.#pass(TURN.script, TURN.sender);
    while (Atomics.load(this.#turn, 0) === TURN.sender) {
      await Atomics.waitAsync(this.#turn, 0, TURN.sender).value;
    }
    if (Atomics.load(this.#turn, 0) === TURN.over) throw new Error("The sender thread has ended");
    const code = this.#fields.getUint32(CODE_AT);
    return code === 0 ? { answer: this.#fields.getBigInt64(ANSWER_AT) } : { code };
  }

  /** The script's side: the sender has ended, so that nobody is to wait for it. */
  end(): void {
    Atomics.store(this.#turn, 0, TURN.over);
    Atomics.notify(this.#turn, 0);
  }

  /**
   * The sender's side: waits for a parcel.
   *
   * @param bring Gives the bytes that have no room here.
   */
  take(bring: () => Uint8Array<ArrayBuffer>): Parcel {
    Atomics.wait(this.#turn, 0, TURN.script);
    const byteLength = this.#fields.getUint32(BYTE_LENGTH_AT);
    return {
      window: this.#fields.getBigUint64(WINDOW_AT),
      from: this.#fields.getBigUint64(FROM_AT),
      id: this.#fields.getBigUint64(ID_AT),
      timeout: this.#fields.getUint32(TIMEOUT_AT),
      bytes: SenderRecord.holds(byteLength) ? new Uint8Array(this.#bytes(byteLength)) : bring(),
    };
  }

  /** The sender's side: writes what came of the parcel. */
  answer(outcome: Outcome): void {
    const answered = "answer" in outcome;
    this.#fields.setUint32(CODE_AT, answered ? 0 : outcome.code);
    this.#fields.setBigInt64(ANSWER_AT, answered ? outcome.answer : 0n);
    this.#pass(TURN.sender, TURN.script);
  }

  #bytes(byteLength: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer, BYTES_AT, byteLength);
  }

  #pass(from: number, to: number): void {
    Atomics.compareExchange(this.#turn, 0, from, to);
    Atomics.notify(this.#turn, 0);
  }
}

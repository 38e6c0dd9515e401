/**
 * A receiver's side of a broadcast ring. For why no message that it gives is put together from two see
 * writer.ts.
 *
 * @module
 */

import {
  type BroadcastSettings,
  corrupt,
  fence,
  HEADER_LENGTH,
  POSITION,
  readPosition,
  RECORD_KIND,
  UNIT,
} from "./layout.ts";
import { committedAfter } from "./writer.ts";
import { labelOf } from "../peer/memory.ts";

/** How often a message is tried to be read that is written over each time. */
const MAX_TRIES = 10_000;
/** Up to this many bytes, messages are copied twice: memory for them is found when they are safe. */
const SHORT = 4096;

/** A message, and how many are missing before it. */
export interface BroadcastMessage {
  /** The message: a copy, which nobody else has. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many messages, between the one received before this and this, were written over unread. */
  readonly missed: number;
}

/**
 * Reads messages out of a broadcast ring, for one of any number of receivers.
 *
 * Nothing that stands in the memory is believed: a length is read once, and checked before it is
 * used. Whether a wrong record was written over meanwhile, what is announced shows: a record that is
 * still there has to be right.
 */
export class BroadcastReader {
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #maxMessageLength: number;
  readonly #short: Uint8Array<ArrayBuffer>;
  /** Where the next record begins, and the number of the next message. */
  #at: number;
  #number = 0;
  /** Where the newest record begins that is known of. */
  #newest: number;
  #isOvertaken = true;
  #missed = 0;

  /**
   * Begins after the newest message.
   *
   * @param settings What its header said when it was checked.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the newest message was written over each time before it was read.
   */
  constructor(buffer: ArrayBuffer, { capacity, maxMessageLength }: BroadcastSettings) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.#ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity / UNIT;
    this.#maxMessageLength = maxMessageLength;
    this.#short = new Uint8Array(Math.min(maxMessageLength, SHORT));
    this.#newest = this.#at = readPosition(this.#positions, POSITION.newest);
    this.take();
    this.#missed = 0;
  }

  /** How many messages were missed until now. */
  get missed(): number {
    return this.#missed;
  }

  /** Looks whether there is something to read. */
  look(): boolean {
    if (this.#at <= this.#newest) return true;
    this.#newest = readPosition(this.#positions, POSITION.newest);
    return this.#at <= this.#newest;
  }

  /**
   * Takes the next message that is still there.
   *
   * @returns `undefined` if there is none now.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the sender came round each time before a message was read.
   */
  take(): BroadcastMessage | undefined {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (!this.look()) return undefined;
      const place = this.#at & (this.#capacity - 1);
      const length = this.#words[place * 4]! - UNIT;
      const kind = this.#words[place * 4 + 1]!;
      const low = this.#words[place * 4 + 2]!;
      const high = this.#words[place * 4 + 3]!;
      const isMessage = kind === RECORD_KIND.message && length >= 0 &&
        length <= this.#maxMessageLength && length <= (this.#capacity - place - 1) * UNIT;
      const copy = isMessage ? this.#copy((place + 1) * UNIT, length) : undefined;
      fence();
      const announced = readPosition(this.#positions, POSITION.announced);
      if (announced - this.#at > this.#capacity) {
        this.#catchUp();
        continue;
      }
      const size = (length + 2 * UNIT - 1) >>> 4;
      if (this.#at + size > announced) {
        throw corrupt(
          this.#words.buffer,
          `it has a record at ${this.#at}, and only ${announced} is announced`,
        );
      }
      if (copy !== undefined) {
        return this.#give(copy, length, (low >>> 0) + (high >>> 0) * 2 ** 32);
      }
      if (kind !== RECORD_KIND.padding || size !== this.#capacity - place) {
        throw corrupt(
          this.#words.buffer,
          `it has a record of kind ${kind} and ${length + UNIT} bytes at ${this.#at}`,
        );
      }
      this.#at += size;
    }
    throw new Deno.errors.Busy(
      `Cannot read a message of the ${labelOf(this.#words.buffer)}: ${MAX_TRIES} times it was ` +
        "written over meanwhile",
    );
  }

  /**
   * Takes in what the sender has committed and not published, once its process has ended.
   *
   * @param isSame Whether no other sender has taken the place since.
   * @returns Whether there is something to read.
   */
  recover(isSame: () => boolean): boolean {
    const newest = readPosition(this.#positions, POSITION.newest);
    const committed = committedAfter(this.#header, newest);
    // What a sender that lives has committed is not to be read before it is published.
    if (isSame()) this.#newest = committed;
    return this.look();
  }

  /** Copies a message, which may be written over meanwhile. */
  #copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > SHORT) return this.#ring.slice(offset, offset + length);
    this.#short.set(this.#ring.subarray(offset, offset + length));
    return this.#short;
  }

  /** Gives a message that was copied whole. */
  #give(copy: Uint8Array<ArrayBuffer>, length: number, number: number): BroadcastMessage {
    const missed = number - this.#number;
    if (missed !== 0 && !(this.#isOvertaken && missed > 0 && Number.isSafeInteger(number))) {
      throw corrupt(this.#words.buffer, `it has message ${number} where ${this.#number} should be`);
    }
    this.#at += (length + 2 * UNIT - 1) >>> 4;
    this.#number = number + 1;
    this.#isOvertaken = false;
    this.#missed += missed;
    return { bytes: copy === this.#short ? copy.slice(0, length) : copy, missed };
  }

  /** Goes on with the newest message, since the next one has been written over. */
  #catchUp(): void {
    const newest = readPosition(this.#positions, POSITION.newest);
    const announced = readPosition(this.#positions, POSITION.announced);
    if (announced - newest <= this.#capacity) {
      if (newest <= this.#at) {
        throw corrupt(this.#words.buffer, `its newest record went back to ${newest}`);
      }
      this.#newest = this.#at = newest;
      this.#isOvertaken = true;
    } else if (readPosition(this.#positions, POSITION.newest) === newest) {
      throw corrupt(
        this.#words.buffer,
        `its newest record is at ${newest}, and ${announced} is announced`,
      );
    }
  }
}

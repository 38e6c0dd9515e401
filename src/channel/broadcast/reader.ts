/**
 * The reader of a broadcast ring. See writer.ts for the proof that it never returns a message with
 * bytes of two messages.
 *
 * @module
 */

import {
  type BroadcastSettings,
  corrupt,
  HEADER_LENGTH,
  POSITION,
  readPosition,
  RECORD_KIND,
  UNIT,
} from "./layout.ts";
import { committedAfter } from "./writer.ts";
import { loadFence } from "../peer/fence.ts";
import { labelOf } from "../peer/memory.ts";

/**
 * Maximum attempts to read a message, so that a fast or hostile sender cannot keep this in a loop.
 */
const MAX_TRIES = 10_000;
/**
 * Maximum length in bytes of a short message. A short message is copied into a buffer that exists,
 * and copied again when it is known to be whole. So no memory is allocated for copies that are
 * discarded.
 */
const SHORT = 4096;

/** A message of a broadcast ring, and the number of messages that were missed before it. */
export interface BroadcastMessage {
  /** A copy of the message, which belongs to the caller. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The number of messages between the last message that was received and this one. The sender
   * overwrote them before they were read.
   */
  readonly missed: number;
}

/**
 * Reads the messages of a broadcast ring for one of any number of receivers.
 *
 * The reader trusts nothing in the shared memory: it reads a length once, and checks it before use.
 * A record that looks wrong can be one that the sender overwrites at the same time; the announced
 * position shows whether that is so. If it is not, the memory is corrupt.
 */
export class BroadcastReader {
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #maxMessageLength: number;
  readonly #short: Uint8Array<ArrayBuffer>;
  /** The position of the next record. */
  #at: number;
  /** The number of the next message. */
  #number = 0;
  /** The position of the newest record that this reader knows of. */
  #newest: number;
  #isOvertaken = true;
  #missed = 0;

  /**
   * Begins to read after the newest message.
   *
   * @param settings The settings from the header, which are checked.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the sender overwrote the newest message in each of 10,000
   *   attempts.
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

  /** The number of messages that were missed until now. */
  get missed(): number {
    return this.#missed;
  }

  /** Returns whether there is a message to read. */
  look(): boolean {
    if (this.#at <= this.#newest) return true;
    this.#newest = readPosition(this.#positions, POSITION.newest);
    return this.#at <= this.#newest;
  }

  /**
   * Takes the next message; if the sender has overwritten it, the newest message.
   *
   * @returns `undefined` if no message has arrived.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the sender overwrote the message in each of 10,000 attempts.
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
      loadFence();
      const announced = readPosition(this.#positions, POSITION.announced);
      if (announced - this.#at > this.#capacity) {
        this.#catchUp();
        continue;
      }
      const size = (length + 2 * UNIT - 1) >>> 4;
      if (this.#at + size > announced) {
        throw corrupt(
          this.#words.buffer,
          `it has a record at ${this.#at} that ends after the announced position ${announced}`,
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
      `Cannot read a message of the ${labelOf(this.#words.buffer)}: it was overwritten in each ` +
        `of ${MAX_TRIES} attempts`,
    );
  }

  /**
   * After the sender's death: makes the messages that it had committed and not published available.
   *
   * @param isSame Returns whether the dead sender still has its place.
   * @returns Whether there is a message to read.
   */
  recover(isSame: () => boolean): boolean {
    const newest = readPosition(this.#positions, POSITION.newest);
    const committed = committedAfter(this.#header, newest);
    // If a new sender has the place, `committed` can be of its messages, which are not published.
    if (isSame()) this.#newest = committed;
    return this.look();
  }

  /** Copies a message, which the sender can overwrite at the same time. */
  #copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > SHORT) return this.#ring.slice(offset, offset + length);
    this.#short.set(this.#ring.subarray(offset, offset + length));
    return this.#short;
  }

  /** Checks the number of a message that was copied whole, and returns the message. */
  #give(copy: Uint8Array<ArrayBuffer>, length: number, number: number): BroadcastMessage {
    const missed = number - this.#number;
    if (missed !== 0 && !(this.#isOvertaken && missed > 0 && Number.isSafeInteger(number))) {
      throw corrupt(this.#words.buffer, `it has message ${number} in place of ${this.#number}`);
    }
    this.#at += (length + 2 * UNIT - 1) >>> 4;
    this.#number = number + 1;
    this.#isOvertaken = false;
    this.#missed += missed;
    return { bytes: copy === this.#short ? copy.slice(0, length) : copy, missed };
  }

  /** Goes on with the newest message, because the sender has overwritten the next one. */
  #catchUp(): void {
    const newest = readPosition(this.#positions, POSITION.newest);
    const announced = readPosition(this.#positions, POSITION.announced);
    if (announced - newest <= this.#capacity) {
      if (newest <= this.#at) {
        throw corrupt(this.#words.buffer, `its newest position went back to ${newest}`);
      }
      this.#newest = this.#at = newest;
      this.#isOvertaken = true;
    } else if (readPosition(this.#positions, POSITION.newest) === newest) {
      throw corrupt(
        this.#words.buffer,
        `its newest record at ${newest} is too far behind the announced position ${announced}`,
      );
    }
  }
}

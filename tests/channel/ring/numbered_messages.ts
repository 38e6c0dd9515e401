/**
 * Messages that contain their sender and their number. Each byte depends on both, and the lengths
 * look random. The program tests/channel/ring/peers/short_lived_end.c creates the same messages.
 *
 * @module
 */

const SHUFFLE = 0x9e3779b1;
/** Number of words before the other bytes of a message: the sender and the number. */
const HEADER_WORDS = 2;

/** The messages of one sender. */
export class NumberedMessages {
  readonly #id: number;
  readonly #longest: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /**
   * @param id The number of the sender, an integer from 0.
   * @param longest The maximum length of a message in bytes, 8 or more.
   */
  constructor(id: number, longest: number) {
    this.#id = id;
    this.#longest = longest;
    this.#words = new Int32Array((longest >> 2) + 1);
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  /** Returns a message. The next call overwrites its bytes. */
  at(number: number): Uint8Array<ArrayBuffer> {
    const length = lengthOf({ id: this.#id, number }, this.#longest);
    writeWords(this.#words, { id: this.#id, number }, length);
    return this.#bytes.subarray(0, length);
  }
}

/** The sender and the number of a message. */
export interface Numbered {
  /** The sender's number. */
  id: number;
  /** How many messages this sender had sent before. */
  number: number;
}

/** The expected words of the last message. They are reused, so that nothing is allocated. */
let expected = new Int32Array(64);
let expectedBytes = new Uint8Array(expected.buffer);

/**
 * Returns the sender and the number of a message, and checks all its bytes.
 *
 * @param longest The maximum length of the sender's messages in bytes.
 * @throws {Error} If a byte or the length is wrong.
 */
export function readNumbered(message: Uint8Array, longest: number): Numbered {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const found = { id: view.getInt32(0, true), number: view.getInt32(4, true) };
  const length = lengthOf(found, longest);
  if (message.length !== length) {
    throw new Error(`${JSON.stringify(found)} has ${message.length} bytes, not ${length}`);
  }
  if (expectedBytes.length < length) {
    expected = new Int32Array(longest);
    expectedBytes = new Uint8Array(expected.buffer);
  }
  writeWords(expected, found, length);
  for (let at = 0; at < length; at++) {
    if (message[at] !== expectedBytes[at]) {
      throw new Error(`${JSON.stringify(found)} is torn at byte ${at}`);
    }
  }
  return found;
}

function lengthOf({ id, number }: Numbered, longest: number): number {
  const least = 4 * HEADER_WORDS;
  return least + (Math.imul((number + 1) ^ (id << 20), SHUFFLE) >>> 8) % (longest - least + 1);
}

function writeWords(words: Int32Array, { id, number }: Numbered, length: number): void {
  words[0] = id;
  words[1] = number;
  for (let at = HEADER_WORDS; at * 4 < length; at++) {
    words[at] = Math.imul(number ^ (at << 20) ^ (id << 26), SHUFFLE);
  }
}

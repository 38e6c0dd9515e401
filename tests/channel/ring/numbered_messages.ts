/**
 * Messages that say who sent them and which one it is, and tell both by each byte; their lengths look
 * random. The programs in tests/channel/ring/peers/short_lived_end.c make the same ones.
 *
 * @module
 */

const SHUFFLE = 0x9e3779b1;
/** The sender and the number. */
const HEADER_WORDS = 2;

/** The messages of one sender. */
export class NumberedMessages {
  readonly #id: number;
  readonly #longest: number;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  /**
   * @param id Who sends them.
   * @param longest The longest message, in bytes, 8 or more.
   */
  constructor(id: number, longest: number) {
    this.#id = id;
    this.#longest = longest;
    this.#words = new Int32Array((longest >> 2) + 1);
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  /** A message, whose bytes are there until the next one is asked for. */
  at(number: number): Uint8Array<ArrayBuffer> {
    const length = lengthOf({ id: this.#id, number }, this.#longest);
    writeWords(this.#words, { id: this.#id, number }, length);
    return this.#bytes.subarray(0, length);
  }
}

/** Which message of which sender one is. */
export interface Numbered {
  /** Who sent it. */
  id: number;
  /** How many that one had sent before. */
  number: number;
}

/** What is expected of the last message. */
let expected = new Int32Array(64);
let expectedBytes = new Uint8Array(expected.buffer);

/**
 * Tells which message one is.
 *
 * @param message The message.
 * @param longest The longest message that its sender sends.
 * @throws {Error} If it is not that message, byte by byte.
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

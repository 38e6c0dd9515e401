/**
 * Messages that tell by each byte which one they are, of lengths that look random.
 *
 * @module
 */

const SHUFFLE = 0x9e3779b1;

/** How long the message of a number is, in bytes, from 4 to `most`. */
export function numberedLength(number: number, most: number): number {
  return 4 + (Math.imul(number + 1, SHUFFLE) >>> 8) % (most - 3);
}

/**
 * Writes the message of a number.
 *
 * @param words Where to, from the first one.
 * @param number The number.
 * @param length How many bytes of it at least.
 */
export function writeNumbered(words: Int32Array, number: number, length: number): void {
  words[0] = number;
  for (let at = 1; at * 4 < length; at++) words[at] = Math.imul(number ^ (at << 20), SHUFFLE);
}

/** What is expected of the last message. */
const expected = new Int32Array(2 ** 15);
const expectedBytes = new Uint8Array(expected.buffer);

/**
 * The number of a message.
 *
 * @throws {Error} If it is not that message, byte by byte.
 */
export function numberOf(message: Uint8Array, most: number): number {
  const number = new DataView(message.buffer, message.byteOffset).getInt32(0, true);
  const length = numberedLength(number, most);
  if (message.length !== length) throw new Error(`${number}: ${message.length}, not ${length}`);
  writeNumbered(expected, number, length);
  for (let at = 4; at < length; at++) {
    if (message[at] !== expectedBytes[at]) throw new Error(`${number} is torn at byte ${at}`);
  }
  return number;
}

/**
 * Messages that say who sent them and which one it is, filled with what follows from that.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const HEADER = 8;
const PATTERN = Uint8Array.from({ length: 2 ** 12 }, (_, at) => (at * 31 + (at >> 8)) & 255);

/** The longest message. */
export const LONGEST = 200;

/** Message `number` of sender `id`. */
export function numbered(id: number, number: number): Uint8Array<ArrayBuffer> {
  const length = HEADER + (number * 7 + id * 13) % (LONGEST - HEADER + 1);
  const message = new Uint8Array(length);
  new DataView(message.buffer).setUint32(0, id, true);
  new DataView(message.buffer).setUint32(4, number, true);
  const start = patternOf(id, number);
  message.set(PATTERN.subarray(start, start + length - HEADER), HEADER);
  return message;
}

/** Asserts that a message is whole, and tells who sent it and which one it is. */
export function readNumbered(message: Uint8Array): { id: number; number: number } {
  const view = new DataView(message.buffer, message.byteOffset);
  const [id, number] = [view.getUint32(0, true), view.getUint32(4, true)];
  const expected = numbered(id, number);
  assertEquals(message.length, expected.length, `sender ${id}, message ${number}`);
  for (let at = 0; at < expected.length; at++) {
    if (message[at] !== expected[at]) {
      throw new Error(`sender ${id}, message ${number}, byte ${at}`);
    }
  }
  return { id, number };
}

function patternOf(id: number, number: number): number {
  return (id * 101 + number * 17) % (PATTERN.length - LONGEST);
}

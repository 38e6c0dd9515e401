/**
 * The bytes of each write, which the reader can compute, too.
 *
 * A record begins with its number and its length, as far as it is long enough.
 *
 * @module
 */

import { type Plan, randomFor, type Side } from "./plan.ts";

const HEADER_LENGTH = 8;
const POOL_LENGTH = 2 ** 22;
const MAX_LENGTH = POOL_LENGTH - 1;

/** Random bytes, of which all records are parts. */
const POOL = new Uint8Array(POOL_LENGTH);
{
  const random = randomFor(1, 2, 3);
  const words = new Uint32Array(POOL.buffer);
  for (let index = 0; index < words.length; index++) words[index] = random.below(2 ** 32);
}

/** Lengths around the size of the pipe's buffers and of a read. */
const EDGES = [65_535, 65_536, 65_537, 131_072, 0, 1];

/** Returns the bytes of the write with a number. */
export function recordOf(seed: number, { id, kind, ending }: Plan, from: Side, number: number) {
  const random = randomFor(seed, id, 16 * number + (from === "server" ? 1 : 2));
  const length = lengthOf(
    random.below(100),
    ending === "both" ? 4096 : MAX_LENGTH,
    (bound) => random.below(bound),
  );
  // The reader finds the records of a pipe of bytes by their headers. With "end", an empty message
  // is not written.
  const least = { bytes: HEADER_LENGTH, messages: 0, end: 1 }[kind];
  const record = new Uint8Array(Math.max(length, least));
  const at = random.below(POOL_LENGTH - record.length);
  record.set(POOL.subarray(at, at + record.length));
  const header = new DataView(new ArrayBuffer(HEADER_LENGTH));
  header.setUint32(0, number);
  header.setUint32(4, record.length);
  record.set(new Uint8Array(header.buffer).subarray(0, record.length));
  return record;
}

function lengthOf(choice: number, max: number, below: (bound: number) => number): number {
  const length = choice < 10
    ? below(10)
    : choice < 50
    ? below(256)
    : choice < 75
    ? below(8192)
    : choice < 80
    ? EDGES[below(EDGES.length)]!
    : choice < 99
    ? below(200 * 1024)
    : (1 + below(3)) * 2 ** 20 - below(2);
  return Math.min(length, max);
}

/** Returns the number and the length that a record begins with, or `undefined` if it is too short. */
export function headerOf(bytes: Uint8Array): { number: number; length: number } | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { number: view.getUint32(0), length: view.getUint32(4) };
}

/** Whether two arrays have the same bytes. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

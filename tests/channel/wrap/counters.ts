/**
 * Sets the counters of rings to values shortly before they wrap or end.
 *
 * @module
 */

import * as broadcast from "../../../src/channel/broadcast/layout.ts";
import { type RingSettings, WORD } from "../../../src/channel/ring/layout.ts";

/** The value of one use in the word of the producer lock: see ring/many/shared_writer.ts. */
const ONE_USE = 128;

/**
 * Sets all counters of a new ring, as if bytes had gone through it.
 *
 * @param buffer The ring's memory, before any end was opened.
 * @param position The position of head and tail: a multiple of 8, modulo 2³².
 * @param uses The number of increments before the other counters wrap.
 */
export function setRingCounters(buffer: ArrayBuffer, position: number, uses: number): void {
  const words = new Int32Array(buffer);
  const positions = [WORD.tail, WORD.head, WORD.committed, WORD.consumed, WORD.numbers];
  for (const word of positions) words[word] = position;
  const edge = position < 2 ** 31 ? 2 ** 31 : 2 ** 32;
  words[WORD.producerLock] = edge - ONE_USE * uses;
  words[WORD.changes] = words[WORD.dropped] = edge - uses;
}

/** Asserts that a ring is empty and its positions agree. Returns its tail. */
export function tailOf(
  buffer: ArrayBuffer,
  { producers }: Pick<RingSettings, "producers">,
): number {
  const words = new Int32Array(buffer);
  const tail = words[WORD.tail]!;
  const others = { head: words[WORD.head], consumed: words[WORD.consumed] };
  // The last of several senders can have gone to the ring's beginning for a message that it
  // aborted.
  if (producers === "single") Object.assign(others, { committed: words[WORD.committed] });
  for (const [name, position] of Object.entries(others)) {
    if (position !== tail) throw new Error(`The tail is at ${tail}, ${name} at ${position}`);
  }
  return tail;
}

/**
 * Sets all counters of a new broadcast ring, as if messages had gone through it.
 *
 * @param buffer The ring's memory, before any end was opened.
 * @param position The position of the newest record, in units of 16 bytes.
 * @param number The number of the newest message.
 */
export function setBroadcastCounters(buffer: ArrayBuffer, position: number, number: number): void {
  const { HEADER_LENGTH, POSITION, RECORD_KIND, UNIT } = broadcast;
  const words = new Int32Array(buffer);
  const positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
  const capacity = words[broadcast.WORD.capacity]! / UNIT;
  positions[POSITION.newest] = BigInt(position);
  positions[POSITION.announced] = BigInt(position) + 1n;
  words[broadcast.WORD.committed] = position;
  const record = new DataView(buffer, HEADER_LENGTH + (position % capacity) * UNIT, UNIT);
  record.setInt32(0, UNIT, true);
  record.setInt32(4, RECORD_KIND.message, true);
  record.setBigUint64(8, BigInt(number), true);
}

/** Returns the position of the newest record of a broadcast ring, in units of 16 bytes. */
export function newestOf(buffer: ArrayBuffer): number {
  return Number(new BigUint64Array(buffer)[broadcast.POSITION.newest]!);
}

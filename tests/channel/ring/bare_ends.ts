/**
 * Using a ring's writer and reader as a sender and a receiver do, but with nobody to wake.
 *
 * @module
 */

import type { RingReader, Visitor } from "../../../src/channel/ring/reader.ts";
import type { RingWriter } from "../../../src/channel/ring/writer.ts";

/**
 * Writes a message. Where there is no room, all that is committed is published.
 *
 * @param publishes Whether the message is to be published at once.
 * @returns Whether there was room.
 */
export function write(
  writer: RingWriter,
  bytes: Uint8Array,
  { publishes = false }: { publishes?: boolean } = {},
): boolean {
  if (writer.writeNear(bytes, publishes) >= 0) return true;
  if (writer.claim(bytes.length) < 0) {
    writer.publish();
    return false;
  }
  writer.write(bytes, publishes);
  return true;
}

/**
 * Reads all messages that are there now, and publishes the room when that is due.
 *
 * @returns How many there were.
 */
export function readAll(reader: RingReader, visit: Visitor): number {
  let count = 0;
  for (let offset = reader.next(); offset >= 0; offset = reader.nextKnown()) {
    count += reader.read(visit);
    publishIfDue(reader);
  }
  return count;
}

/** Leaves the message that was found behind, and publishes the room when that is due. */
export function advance(reader: RingReader): void {
  reader.advance();
  publishIfDue(reader);
}

function publishIfDue(reader: RingReader): void {
  if (reader.isDue) reader.publish();
}

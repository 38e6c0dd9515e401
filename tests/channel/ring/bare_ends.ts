/**
 * Uses the writer and the reader of a ring as a sender and a receiver do, but wakes no peer.
 *
 * @module
 */

import type { RingReader, Visitor } from "../../../src/channel/ring/reader.ts";
import type { RingWriter } from "../../../src/channel/ring/writer.ts";

/**
 * Writes a message. If the ring has no room, publishes all committed messages.
 *
 * @param publishes Whether to publish the message at once.
 * @returns Whether the ring had room.
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
 * Reads all messages that are in the ring now, and publishes the room when a batch is full.
 *
 * @returns The number of messages that were read.
 */
export function readAll(reader: RingReader, visit: Visitor): number {
  let count = 0;
  for (let offset = reader.next(); offset >= 0; offset = reader.nextKnown()) {
    count += reader.read(visit);
    publishIfDue(reader);
  }
  return count;
}

/** Moves past the message that was found, and publishes the room when a batch is full. */
export function advance(reader: RingReader): void {
  reader.advance();
  publishIfDue(reader);
}

function publishIfDue(reader: RingReader): void {
  if (reader.isDue) reader.publish();
}

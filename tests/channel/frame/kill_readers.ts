/**
 * Kills readers of a latest frame at random moments, in which most of them hold a frame.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { LatestFrame } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { Random } from "../../support/random.ts";
import { randomName } from "../../support/random_name.ts";
import { BYTE_LENGTH, markOf, publishMarked } from "./marked_frame.ts";

const READERS = 4;
const SLOTS = 3;
/** Maximum time until the writer has noticed the deaths, in milliseconds. */
const PATIENCE = 5000;

/**
 * Asserts that the writer gets back all slots, and other readers all places. In each round, four
 * readers in processes of their own acquire and release frames as fast as they can.
 */
export async function killReaders({ rounds, seed }: { rounds: number; seed: number }) {
  const random = new Random(seed);
  using frames = LatestFrame.create(randomName(), {
    byteLength: BYTE_LENGTH,
    slots: SLOTS,
    maxReaders: READERS,
  });
  using writer = frames.writer();
  for (let round = 0; round < rounds; round++) {
    await using stack = new AsyncDisposableStack();
    const start = () => Peer.start("channel/frame/peers/reader.ts", frames.name);
    const peers = await Promise.all(Array.from({ length: READERS }, start));
    for (const peer of peers) stack.use(peer);
    assertThrows(() => frames.reader(), Deno.errors.Busy);
    await Promise.all(peers.map((peer) => peer.ask("spin")));
    let published = 0;
    for (const peer of peers) {
      const end = performance.now() + random.below(50);
      do if (publishMarked(writer, published)) published++; while (performance.now() < end);
      peer.kill();
    }
    for (const peer of peers) await peer.gone();
    assertGreater(published, 0);
    // Four dead readers can have held all slots.
    for (const start = performance.now(); !publishMarked(writer, 7);) {
      assertLess(performance.now() - start, PATIENCE);
    }
    const { dropped } = writer;
    for (let mark = 0; mark < 100; mark++) assert(publishMarked(writer, mark));
    assertEquals(writer.dropped, dropped);
    const readers = Array.from({ length: READERS }, () => frames.reader());
    for (const reader of readers) {
      using frame = reader.acquire()!;
      assertEquals(markOf(frame), 99);
    }
    for (const reader of readers) reader.close();
  }
}

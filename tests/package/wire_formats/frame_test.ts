// Task: test:package
//
// Compares the tables of a latest frame in docs/wire_formats.md with the bytes that the library writes.

import { assertEquals } from "@std/assert";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { LatestFrame } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import {
  type Bytes,
  constantsOf,
  FrameHeader,
  FrameReaderPlace,
  FrameSlot,
  objectName,
  openMemory,
  ownOwner,
  Place,
  roundUp,
  until,
} from "./document.ts";

const { "bytes of a reader": readerLength, "alignment of slots": alignment } = constantsOf("frame");
const settings = { byteLength: 5000, slots: 3, maxReaders: 40 };

/** The offset of a slot by the rules of the document. */
function slotAt(slot: number): number {
  const first = FrameHeader.offsetOf("reader") + readerLength! * settings.maxReaders;
  const length = FrameSlot.offsetOf("bytes") + roundUp(settings.byteLength, alignment!);
  return roundUp(first, alignment!) + slot * length;
}

const readerAt = (index: number) => FrameHeader.offsetOf("reader") + index * readerLength!;
const wordsOf = ({ buffer }: Bytes) => new Uint32Array(buffer);

Deno.test("wire_formats.md has the offsets of a latest frame's header, readers and slots", () => {
  const name = randomName();
  using frames = LatestFrame.create(name, settings);
  using memory = openMemory(name);
  const { bytes } = memory;
  assertEquals(FrameHeader.constants, { magic: 0x464c4957, version: 1 });
  const header = {
    ...FrameHeader.constants,
    byte_length: 5000,
    slots: 3,
    max_readers: 40,
    sleeping: [0n, 0n],
    taken: [0n, 0n],
  };
  assertEquals(FrameHeader.readAll(bytes), { ...header, newest: 0 });
  assertEquals(bytes.length, slotAt(3));
  const writer = frames.writer();
  const place = FrameHeader.offsetOf("writer");
  assertEquals(Place.readAll(bytes, place), { owner: ownOwner(), state: 0 });
  const readers = [frames.reader(), frames.reader()];
  for (let number = 1; number <= 4; number++) {
    writer.claim()!.fill(number);
    writer.publish(number === 2 ? "two" : undefined, { length: 100 * number });
    const newest = (number - 1) % 3;
    assertEquals(FrameHeader.readAll(bytes), { ...header, newest: newest + 1 });
    const { metadata_length, ...head } = FrameSlot.readAll(bytes, slotAt(newest));
    assertEquals(head, { number: BigInt(number), length: 100 * number });
    assertEquals(metadata_length !== 0, number === 2);
    const at = slotAt(newest) + FrameSlot.offsetOf("bytes");
    assertEquals([bytes[at], bytes[at + 4999]], [number, number]);
  }
  const frame = readers[1]!.acquire()!;
  const owner = ownOwner();
  assertEquals(FrameReaderPlace.readAll(bytes, readerAt(0)), { owner, state: 0, pin: 0 });
  assertEquals(FrameReaderPlace.readAll(bytes, readerAt(1)), { owner, state: 0, pin: 1 });
  frame.release();
  assertEquals(FrameReaderPlace.readAll(bytes, readerAt(1)), { owner, state: 0, pin: 0 });
  for (const end of [...readers, writer]) end.close();
  assertEquals(FrameReaderPlace.readAll(bytes, readerAt(1)), { owner: 0n, state: 1, pin: 0 });
  assertEquals(Place.readAll(bytes, place), { owner: 0n, state: 1 });
});

Deno.test("FrameReader and FrameWriter work with an end by the rules of wire_formats.md", () => {
  const name = randomName();
  using frames = LatestFrame.create(name, settings);
  using reader = frames.reader();
  using memory = openMemory(name);
  const { bytes } = memory;
  const words = wordsOf(bytes);
  const store = (offset: number, value: number) => Atomics.store(words, offset / 4, value);
  // A writer of another program publishes a frame in slot 2.
  const slot = slotAt(2);
  bytes.fill(9, slot + FrameSlot.offsetOf("bytes"), slot + FrameSlot.offsetOf("bytes") + 300);
  store(slot + FrameSlot.offsetOf("number"), 7);
  store(slot + FrameSlot.offsetOf("number") + 4, 1);
  store(slot + FrameSlot.offsetOf("length"), 300);
  store(FrameHeader.offsetOf("newest"), 3);
  const frame = reader.acquire()!;
  assertEquals(frame.number, 2 ** 32 + 7);
  assertEquals(frame.bytes, new Uint8Array(300).fill(9));
  assertEquals(frame.metadata, undefined);
  frame.release();
  using writer = frames.writer();
  // A reader of another program, which is this process, pins slot 0.
  new BigUint64Array(bytes.buffer)[(readerAt(5) + FrameReaderPlace.offsetOf("owner")) / 8] =
    ownOwner();
  store(readerAt(5) + FrameReaderPlace.offsetOf("pin"), 1);
  for (let count = 0; count < 4; count++) {
    writer.claim();
    writer.publish();
    assertEquals(FrameHeader.read(bytes, "newest") !== 1, true);
  }
  using last = reader.acquire();
  assertEquals(last?.number, 2 ** 32 + 11);
});

Deno.test("wire_formats.md describes the wake bits and the events of a latest frame", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, settings);
  using memory = openMemory(name);
  using writer = frames.writer();
  using reader = frames.reader();
  const bits = (field: string) => (FrameHeader.read(memory.bytes, field) as bigint[])[0];
  const changes = reader.changes(soon);
  const next = changes.next();
  await until("the reader sleeps", () => bits("sleeping") === 1n);
  assertEquals(bits("taken"), 1n);
  const full = `Local\\${name}`;
  const event = objectName("latest frame", "reader").replace("NAME", full).replace(/N$/, "0");
  assertEquals(nounOf(event), "an event");
  writer.claim();
  writer.publish();
  assertEquals(bits("sleeping"), 0n);
  assertEquals((await next).value?.number, 1);
  await changes.return();
  assertEquals([bits("taken"), nounOf(event)], [0n, undefined]);
});

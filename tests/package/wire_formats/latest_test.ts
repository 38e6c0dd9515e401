// Task: test:package
//
// Compares the tables of a latest value in docs/wire_formats.md with the bytes that the library writes.

import { assertEquals } from "@std/assert";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { LatestValue, SharedEvent, struct } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import {
  constantsOf,
  documentation,
  LatestHeader,
  LatestSlot,
  objectName,
  openMemory,
  ownOwner,
  Place,
  roundUp,
  tableOf,
  until,
  WakeBits,
} from "./document.ts";

const Car = struct({ lap: "u32", speed: "f64" });

Deno.test("wire_formats.md has the offsets of a latest value's header and slots", () => {
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using memory = openMemory(name);
  assertEquals(LatestHeader.constants, { magic: 0x564c4957, version: 3, slots: 4 });
  const settings = {
    ...LatestHeader.constants,
    layout_hash: Car.layoutHash,
    value_length: 16,
    text_length: Car.signature.length,
    sleeping: [0n, 0n],
    taken: [0n, 0n],
  };
  assertEquals(LatestHeader.readAll(memory.bytes), { ...settings, newest: 0 });
  const { "offset of the slots": slotsAt, "a slot is a multiple": multipleOf } = constantsOf(
    "latest",
  );
  const textAt = slotsAt! + 4 * roundUp(4 + Car.byteLength, multipleOf!);
  const text = memory.bytes.slice(textAt, textAt + Car.signature.length);
  assertEquals(new TextDecoder().decode(text), Car.signature);
  const place = LatestHeader.offsetOf("writer");
  const writer = value.writer();
  assertEquals(Place.readAll(memory.bytes, place), { owner: ownOwner(), state: 0 });
  const { slots, "offset of the slots": first, "a slot is a multiple": multiple } = constantsOf(
    "latest",
  );
  assertEquals(first, LatestHeader.offsetOf("slot"));
  for (let number = 1; number <= 9; number++) {
    const car = { lap: number * 1000, speed: number / 3 };
    writer.write(car);
    assertEquals(LatestHeader.readAll(memory.bytes), { ...settings, newest: number });
    const length = roundUp(4 + Car.byteLength, multiple!);
    const slot = first! + (number % slots!) * length;
    assertEquals(LatestSlot.read(memory.bytes, "number", slot), number);
    assertEquals(Car.read(memory.bytes, slot + LatestSlot.offsetOf("value")), car);
  }
  writer.close();
  assertEquals(Place.readAll(memory.bytes, place), { owner: 0n, state: 1 });
});

Deno.test("LatestReader reads a value that was written by the rules of wire_formats.md", () => {
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using reader = value.reader();
  using memory = openMemory(name);
  const words = new Uint32Array(memory.bytes.buffer);
  const car = { lap: 3, speed: 83.5 };
  // The last number before 1 is in the last slot.
  const number = 2 ** 32 - 1;
  const slot = LatestHeader.offsetOf("slot") + 3 * 128;
  Car.write(memory.bytes, car, slot + LatestSlot.offsetOf("value"));
  Atomics.store(words, (slot + LatestSlot.offsetOf("number")) / 4, number);
  Atomics.store(words, LatestHeader.offsetOf("newest") / 4, number);
  assertEquals(reader.read(), car);
  using writer = value.writer();
  writer.write({ lap: 4 });
  assertEquals(LatestHeader.read(memory.bytes, "newest"), 1);
  assertEquals(reader.read(), { lap: 4, speed: 83.5 });
});

Deno.test("wire_formats.md describes the wake bits and the events of a latest value", async () => {
  assertEquals(
    LatestHeader.offsetOf("taken") - LatestHeader.offsetOf("sleeping"),
    WakeBits.offsetOf("taken"),
  );
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using memory = openMemory(name);
  using writer = value.writer();
  using reader = value.reader();
  const bits = (field: string) => (LatestHeader.read(memory.bytes, field) as bigint[])[0];
  const changes = reader.changes(soon);
  const next = changes.next();
  await until("the reader sleeps", () => bits("sleeping") === 1n);
  assertEquals(bits("taken"), 1n);
  const full = `Local\\${name}`;
  const event = objectName("latest value", "reader").replace("NAME", full).replace(/N$/, "0");
  assertEquals(nounOf(event), "an event");
  SharedEvent.openOrCreate(event, { reset: "auto" }).close();
  writer.write({ lap: 5 });
  assertEquals(bits("sleeping"), 0n);
  assertEquals((await next).value, { lap: 5, speed: 0 });
  await changes.return();
  assertEquals(bits("taken"), 0n);
  assertEquals(nounOf(event), undefined);
});

Deno.test("wire_formats.md describes the description of a layout and its hash", () => {
  const [offset, prime] = /begins with\s+(0x[0-9a-f]+)[^]*?multiplies by (0x[0-9a-f]+)/
    .exec(documentation)!.slice(1).map(BigInt);
  const rows = tableOf("table: layout-hash");
  assertEquals(rows.length, 1);
  for (const { struct: fields, text, hash } of rows) {
    const layout = struct(JSON.parse(fields!.replace(/(\w+):/g, '"$1":')));
    assertEquals(layout.layoutHash, BigInt(hash!));
    assertEquals(layout.signature, text);
    let found = offset!;
    for (const byte of new TextEncoder().encode(text)) {
      found = BigInt.asUintN(64, (found ^ BigInt(byte)) * prime!);
    }
    assertEquals(found, BigInt(hash!));
  }
});

// Task: test:bridge

import { assertEquals, assertLess } from "@std/assert";
import { headers } from "@nats-io/transport-node";
import type { NatsHeaders, NatsMessage } from "../../src/bridge/mod.ts";
import { ArrivalOrder, originLength, readOrigin, writeOrigin } from "../../src/bridge/header.ts";
import { OriginReader } from "../../src/bridge/in/origin_reader.ts";
import { newIdentity } from "../../src/bridge/identity.ts";
import { OriginWriter } from "../../src/bridge/out/origin_writer.ts";
import { RouteCounts } from "../../src/bridge/stats.ts";
import { standIn } from "./stand_in.ts";

const NUMBERS = [0, 1, 9, 10, 99, 12_345, 2 ** 32, 2 ** 53 - 2];

/** Returns the bytes of headers that have an `encode()`. */
function encoded(made: NatsHeaders): Uint8Array {
  const bytes = made.encode?.();
  if (bytes === undefined) throw new Error("These headers have no encode()");
  return bytes;
}

/** Returns a message whose headers are just before its data, as the client's messages are. */
function messageAfter(before: Uint8Array, made?: NatsHeaders): NatsMessage {
  const frame = new Uint8Array(before.length + 30);
  frame.set(before, 10);
  const data = frame.subarray(10 + before.length, 20 + before.length);
  return { subject: "a", data, headers: made };
}

Deno.test("OriginWriter writes the same bytes as the client's headers", () => {
  const source = newIdentity();
  const writer = new OriginWriter({ headers }, source);
  for (const sequence of [...NUMBERS, ...Array.from({ length: 1000 }, (_, index) => index)]) {
    const expected = headers();
    writeOrigin(expected, { source, sequence });
    assertEquals(encoded(writer.at(sequence)), encoded(expected));
  }
  assertEquals(originLength(source), encoded(writer.at(2 ** 53 - 1)).length);
});

Deno.test("OriginWriter keeps the bytes of earlier headers, which the client has not sent yet", () => {
  const writer = new OriginWriter({ headers }, "0123456789abcdef");
  const all = Array.from({ length: 1000 }, (_, number) => encoded(writer.at(number)));
  for (const [number, bytes] of all.entries()) {
    const text = new TextDecoder().decode(bytes);
    assertEquals(text, `NATS/1.0\r\nWinipc: 0123456789abcdef ${number}\r\n\r\n`);
  }
});

Deno.test("OriginWriter sets the header for a client whose headers encode nothing themselves", () => {
  const writer = new OriginWriter(standIn(), "0123456789abcdef");
  assertEquals(readOrigin(writer.at(7)), { source: "0123456789abcdef", sequence: 7 });
  assertEquals(readOrigin(writer.at(8)), { source: "0123456789abcdef", sequence: 8 });
});

Deno.test("A client that would not call encode() sends no number, and not a wrong one", () => {
  const writer = new OriginWriter({ headers }, "0123456789abcdef");
  assertEquals(readOrigin(writer.at(7)), undefined);
});

Deno.test("OriginReader reads the headers before the data, without the client's object", () => {
  const reader = new OriginReader();
  for (const source of [newIdentity(), newIdentity()]) {
    const writer = new OriginWriter({ headers }, source);
    for (const sequence of NUMBERS) {
      assertEquals(reader.read(messageAfter(encoded(writer.at(sequence)))), { source, sequence });
    }
  }
});

Deno.test("OriginReader asks the client for headers that no bridge has written, or with others", () => {
  const made = headers();
  writeOrigin(made, { source: "another", sequence: 5 });
  const right = "NATS/1.0\r\nWinipc: 0123456789abcdef 7\r\n\r\n";
  const others = [
    "",
    "\r\n\r\n",
    right.slice(1),
    right.slice(0, -1),
    right.replace("Winipc", "winipc"),
    right.replace(" 7", " 7x"),
    right.replace(" 7", " "),
    right.replace(" 7", " 99999999999999999"),
    right.replace("\r\n\r\n", "\r\nX: y\r\n\r\n"),
    right.replace("1.0", "1.1"),
    right.replace("0123456789abcdef", "0123456789abcdeé"),
    right.replace("0123456789abcdef", "0123456789abcde"),
  ];
  const reader = new OriginReader();
  for (const text of others) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(reader.read(messageAfter(bytes, made)), { source: "another", sequence: 5 }, text);
    assertEquals(reader.read(messageAfter(bytes)), undefined, text);
  }
  const data = new Uint8Array(5);
  assertEquals(reader.read({ subject: "a", data }), undefined);
});

Deno.test("readOrigin() takes no hostile header for an origin", () => {
  const values = [
    "",
    "a",
    "a 1 2",
    "a -1",
    "a 1.5",
    "a 9007199254740991",
    "a 1e3",
    `${"a".repeat(65)} 1`,
  ];
  for (const value of values) {
    const made = headers();
    made.set("Winipc", value);
    assertEquals(readOrigin(made), undefined, value);
  }
  assertEquals(readOrigin(undefined), undefined);
});

Deno.test("ArrivalOrder counts the gaps and the duplicates of each source", () => {
  const counts = new RouteCounts();
  const order = new ArrivalOrder(counts);
  const note = (source: string, sequence: number) => order.note({ source, sequence });
  assertEquals(note("a", 5), true);
  assertEquals(note("b", 0), true);
  assertEquals([note("a", 6), note("a", 9), note("a", 9), note("a", 7)], [
    true,
    true,
    false,
    false,
  ]);
  assertEquals([note("b", 1), order.note(undefined)], [true, true]);
  assertEquals([counts.lost, counts.duplicates], [2, 2]);
});

Deno.test("A hostile peer cannot raise the counts without a limit, nor use up memory", () => {
  const counts = new RouteCounts();
  const order = new ArrivalOrder(counts);
  for (let round = 0; round < 3; round++) {
    order.note({ source: `${round}`, sequence: 0 });
    order.note({ source: `${round}`, sequence: Number.MAX_SAFE_INTEGER - 1 });
  }
  assertEquals(counts.lost, Number.MAX_SAFE_INTEGER);
  const before = Deno.memoryUsage().heapUsed;
  for (let source = 0; source < 100_000; source++) {
    order.note({ source: `${source} ${"x".repeat(50)}`, sequence: 0 });
  }
  // The route remembers the newest 1024 sources, and has forgotten the older ones.
  assertEquals(order.note({ source: `99999 ${"x".repeat(50)}`, sequence: 0 }), false);
  assertEquals(order.note({ source: `98977 ${"x".repeat(50)}`, sequence: 0 }), false);
  assertEquals(order.note({ source: `98900 ${"x".repeat(50)}`, sequence: 0 }), true);
  assertLess(Deno.memoryUsage().heapUsed - before, 50_000_000);
});

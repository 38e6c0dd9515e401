import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  array,
  bytes,
  type MessageLayout,
  safe,
  struct,
  tagged,
  type TaggedValue,
  union,
  utf8,
} from "../../src/struct/mod.ts";
import { assertMessageLayout } from "../../src/struct/tagged.ts";
import { sharedLock } from "../../src/sync/mod.ts";

const LABEL = 'channel "x"';
const Trade = struct({ price: "f64", size: "u32", name: utf8(5), marks: array("u16", 2) });
const Quote = struct({ bid: "f32" });
const Either = union({ number: "f64", bits: "u64" });
const Event = tagged({ trade: Trade, quote: Quote, either: Either });

/** Writes a message as a ring does, at an offset of memory that holds something else. */
function send<I>(layout: MessageLayout<unknown, I>, data: DataView, at: number, value: I): number {
  const checked = layout.check(value, "", data);
  const length = layout.messageLength(checked);
  new Uint8Array(data.buffer, data.byteOffset + at, length).fill(0);
  layout.storeMessage(data, at, checked);
  return length;
}

function memory(byteLength: number = 256): DataView<ArrayBuffer> {
  const data = new DataView(new ArrayBuffer(byteLength));
  new Uint8Array(data.buffer).fill(0xee);
  return data;
}

Deno.test("tagged() makes messages that are only as long as their case needs", () => {
  const data = memory();
  assertEquals(Event.byteLength, 8 + Trade.byteLength);
  assertEquals(Event.kinds, ["trade", "quote", "either"]);
  const trade = send(Event, data, 16, { kind: "trade", value: { price: 1.5, name: "ab" } });
  const quote = send(Event, data, 64, { kind: "quote", value: { bid: 2.5 } });
  const either = send(Event, data, 96, { kind: "either", value: { bits: 7n } });
  assertEquals([trade, quote, either], [8 + Trade.byteLength, 12, 16]);
  assertEquals(data.getUint32(64, true), 1);
  assertEquals(data.getUint8(64 + quote), 0xee);
  const read = (at: number, length: number) => Event.loadMessage(data, at, length, LABEL);
  assertEquals(read(16, trade), {
    kind: "trade",
    value: { price: 1.5, size: 0, name: "ab", marks: Uint16Array.of(0, 0) },
  });
  assertEquals(read(64, quote), { kind: "quote", value: { bid: 2.5 } });
  const found: TaggedValue<{ trade: typeof Trade; quote: typeof Quote; either: typeof Either }> =
    read(96, either);
  assert(found.kind === "either");
  assertEquals(found.value.bits, 7n);
});

Deno.test("A message of a peer with a wrong tag or length throws InvalidData", () => {
  const data = memory();
  const length = send(Event, data, 0, { kind: "quote", value: {} });
  const viewAt = Event.messageViews(data, LABEL);
  const fails = (at: number, byteLength: number, text: string) => {
    for (
      const read of [
        () => Event.loadMessage(data, at, byteLength, LABEL),
        () => viewAt(at, byteLength),
      ]
    ) {
      assertThrows(read, Deno.errors.InvalidData, `A message of the ${LABEL} has ${text}`);
    }
  };
  for (const wrong of [0, 7]) fails(0, wrong, `${wrong} bytes, and no tag`);
  for (const wrong of [8, length - 1, length + 1, 200]) {
    fails(0, wrong, `${wrong} bytes, and not the 12 of its layout`);
  }
  for (const tag of [3, 0xffff_ffff, 0x8000_0000]) {
    data.setUint32(0, tag, true);
    fails(0, length, `the tag ${tag}, and its layout only 3 cases`);
  }
  assertThrows(
    () => Trade.loadMessage(data, 0, 3, LABEL),
    Deno.errors.InvalidData,
    `A message of the ${LABEL} has 3 bytes, and not the ${Trade.byteLength} of its layout`,
  );
});

Deno.test("Views of messages are always the same objects, and move from message to message", () => {
  const data = memory();
  const viewAt = Event.messageViews(data, LABEL);
  const lengths = [1, 2, 3].map((price, at) =>
    send(Event, data, at * 64, { kind: "trade", value: { price, marks: [price, 9] } })
  );
  const first = viewAt(0, lengths[0]!);
  assert(first.kind === "trade");
  assertEquals([first.value.price, first.value.marks.get(0)], [1, 1]);
  const second = viewAt(64, lengths[1]!);
  assert(second === first && second.kind === "trade");
  assertEquals([second.value.price, second.value.marks.get(0)], [2, 2]);
  second.value.price = 20;
  assertEquals(data.getFloat64(64 + 8, true), 20);
  assertEquals(JSON.parse(JSON.stringify(second)), {
    kind: "trade",
    value: { price: 20, size: 0, name: "", marks: [2, 9] },
  });
  assertStringIncludes(Deno.inspect(second), "price: 20");
  assertThrows(() => structuredClone(second.value), DOMException, "StructView");
  assertThrows(() => Object.assign(second.value, { none: 1 }), TypeError);

  const tradeAt = Trade.messageViews(data, LABEL);
  assertEquals(tradeAt(8, Trade.byteLength).price, 1);
  assertEquals(tradeAt(136, Trade.byteLength).price, 3);
  // A view of a message is input for another message: its bytes are copied.
  const copy = memory();
  send(Event, copy, 0, viewAt(64, lengths[1]!));
  assertEquals(Trade.read(copy, 8).marks, Uint16Array.of(2, 9));
  const eitherAt = Either.messageViews(copy, LABEL);
  Either.write(copy, { bits: 5n }, 128);
  send(Either, copy, 0, eitherAt(128, 8));
  assertEquals(copy.getBigUint64(0, true), 5n);
});

Deno.test("In memory for one message, a view keeps the views of its parts", () => {
  for (const layout of [Trade, Event]) {
    const data = new DataView(new ArrayBuffer(64), 8, layout.byteLength);
    const viewAt = layout.messageViews(data, LABEL);
    const view = viewAt(0, layout.byteLength);
    const trade = "kind" in view ? view.kind === "trade" && view.value : view;
    assert(trade !== false && trade.marks === trade.marks);
  }
});

Deno.test("tagged() refuses wrong values, and writes nothing then", () => {
  const data = memory(64);
  const before = new Uint8Array(data.buffer).slice();
  const wrong = (value: unknown, kind: typeof TypeError | typeof RangeError, text: string) =>
    assertThrows(() => Reflect.apply(send, undefined, [Event, data, 0, value]), kind, text);
  wrong(undefined, TypeError, "Expected the message to be an object, got undefined");
  wrong({}, TypeError, "Expected the kind of the message to be a string, got undefined");
  wrong({ kind: "none", value: {} }, TypeError, '"trade", "quote", "either", got "none"');
  wrong({ kind: "toString", value: {} }, TypeError, '"quote", "either", got "toString"');
  wrong({ kind: "trade" }, TypeError, "Expected trade to be an object, got undefined");
  wrong({ kind: "trade", value: {}, price: 1 }, TypeError, 'got "price": put fields into value');
  wrong({ kind: "trade", value: { price: "1" } }, TypeError, "trade.price");
  wrong({ kind: "trade", value: { cost: 1 } }, TypeError, "There is no field trade.cost");
  wrong({ kind: "trade", value: { size: -1 } }, RangeError, "trade.size");
  wrong({ kind: "either", value: {} }, TypeError, "Expected exactly one field of either");
  assertEquals(new Uint8Array(data.buffer), before);
});

Deno.test("tagged() refuses cases that are not structs, have locks or have no valid name", () => {
  const make = (cases: unknown) => () => Reflect.apply(tagged, undefined, [cases]);
  for (const cases of [undefined, 1, "a"]) assertThrows(make(cases), TypeError, "the cases");
  assertThrows(make({}), TypeError, "at least one case");
  assertThrows(make({ a: "u32" }), TypeError, "Expected case a to be a layout");
  assertThrows(make({ a: array("u8", 3) }), TypeError, "Expected case a to be a layout");
  assertThrows(make({ a: Event }), TypeError, "Expected case a to be a layout");
  assertThrows(make({ a: struct({ lock: sharedLock }) }), TypeError, "no lock in case a");
  for (const name of ["1", "a b", "", "__proto__", "a\u001b"]) {
    assertThrows(make(Object.fromEntries([[name, Quote]])), TypeError, "Expected a name");
  }
});

Deno.test("tagged().toC() declares a struct with the tag and a union", () => {
  const Small = tagged({ on: struct({ level: "u8" }), raw: struct({ data: bytes(3) }) });
  const source = Small.toC("Message");
  assertStringIncludes(source, "uint32_t tag;");
  assertStringIncludes(source, "uint8_t _padding_at_4[4];");
  assertStringIncludes(source, "Message_value value;");
  assertThrows(() => tagged({ int: Quote }).toC("Message"), TypeError, "int");
});

Deno.test("assertMessageLayout() accepts structs, unions and tagged unions without locks", () => {
  for (const layout of [Trade, Either, Event]) assertMessageLayout("message", layout);
  for (const wrong of [undefined, null, "u32", 1, {}, array("u8", 3), bytes(3), { ...Trade }]) {
    assertThrows(() => assertMessageLayout("message", wrong), TypeError, "Expected message to be");
  }
  assertThrows(
    () => assertMessageLayout("message", struct({ lock: sharedLock })),
    TypeError,
    "Expected message to be a layout without locks",
  );
});

Deno.test("A field of a message that is no safe integer throws InvalidData with its name", () => {
  const Count = struct({ count: safe("u64") });
  const data = memory(64);
  assertThrows(() => Count.loadMessage(data, 0, 8, LABEL), Deno.errors.InvalidData, "count");
  data.setUint32(0, 0, true);
  assertThrows(
    () => tagged({ count: Count }).loadMessage(data, 0, 16, LABEL),
    Deno.errors.InvalidData,
    "count.count",
  );
});

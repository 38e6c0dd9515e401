import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { array, bytes, struct, union, utf8 } from "../../src/struct/mod.ts";
import { byteSources, notBytes } from "../support/byte_sources.ts";

const Entry = struct({ id: "u8", data: bytes(8), end: "u8" });

Deno.test("A bytes() field of a view is one live Uint8Array over the memory", () => {
  const memory = new Uint8Array(Entry.byteLength + 3);
  const view = Entry.view(memory, 3);
  const { data } = view;
  assertStrictEquals(view.data, data);
  assertEquals([data.length, data.byteOffset, data.buffer === memory.buffer], [8, 4, true]);
  data.set([1, 2, 3], 5);
  memory[4] = 9;
  assertEquals([...view.data], [9, 0, 0, 0, 0, 1, 2, 3]);
  assertEquals([...memory], [0, 0, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3, 0]);
  const copy = Entry.read(memory, 3).data;
  data.fill(7);
  assertEquals([...copy], [9, 0, 0, 0, 0, 1, 2, 3]);
});

Deno.test("Writing fewer bytes to a bytes() field leaves the rest, and more bytes are refused", () => {
  const memory = new Uint8Array(Entry.byteLength).fill(0xff);
  const view = Entry.view(memory);
  view.data = Uint8Array.of(1, 2);
  assertEquals([...memory], [255, 1, 2, 255, 255, 255, 255, 255, 255, 255]);
  Entry.write(memory, { id: 5, data: Uint16Array.of(0x0403) });
  assertEquals([...memory], [5, 3, 4, 255, 255, 255, 255, 255, 255, 255]);
  view.data = new Uint8Array(0);
  view.data = view.data.subarray(1, 4);
  assertEquals([...memory], [5, 4, 255, 255, 255, 255, 255, 255, 255, 255]);
  for (const { name, source } of byteSources()) {
    memory.fill(0);
    const length = source.byteLength;
    if (length > 8) {
      assertThrows(() => Entry.write(memory, { data: source }), RangeError, "at most 8 bytes");
    } else {
      Entry.write(memory, { data: source });
      const given = ArrayBuffer.isView(source)
        ? new Uint8Array(source.buffer, source.byteOffset, length)
        : new Uint8Array(source);
      assertEquals(memory.slice(1, 1 + length), new Uint8Array(given), name);
    }
  }
  memory.fill(0);
  for (const { value, got } of notBytes()) {
    // @ts-expect-error: the value is not bytes
    assertThrows(() => Entry.write(memory, { id: 1, data: value }), TypeError, got);
  }
  const long = { id: 1, data: new Uint8Array(9) };
  assertThrows(() => Entry.write(memory, long), RangeError, "at most 8 bytes for data, got 9");
  assertEquals(memory.every((byte) => byte === 0), true);
});

Deno.test("Layout.write() copies bytes of the same memory before it writes anything", () => {
  const Pair = struct({ a: bytes(2), b: bytes(2) });
  const memory = Uint8Array.of(1, 2, 3, 4);
  Pair.write(memory, { a: memory.subarray(2), b: memory.subarray(0, 2) });
  assertEquals([...memory], [3, 4, 1, 2]);
  Pair.view(memory).a = memory.subarray(1, 3);
  assertEquals([...memory], [4, 1, 1, 2]);
});

Deno.test("Reading a bytes() field throws after its memory is gone", () => {
  const buffer = new ArrayBuffer(Entry.byteLength);
  const view = Entry.view(buffer);
  const { data } = view;
  buffer.transfer();
  assertEquals(data.length, 0);
  assertThrows(() => view.data, TypeError);
  assertThrows(() => view.data = new Uint8Array(1), TypeError);
  assertEquals(Deno.inspect(view), "[view of closed memory]");
});

Deno.test("bytes() can be nested, shown, and written to JSON as an array", () => {
  const Nested = struct({
    parts: array(bytes(2), 2),
    either: union({ raw: bytes(4), text: utf8(4) }),
  });
  const memory = new ArrayBuffer(Nested.byteLength);
  const view = Nested.view(memory);
  assertStrictEquals(view.parts.get(1), view.parts.get(1));
  view.parts.get(1)[1] = 5;
  view.parts.set(0, Uint8Array.of(8));
  view.either.text = "ab";
  assertEquals(Nested.read(memory), {
    parts: [Uint8Array.of(8, 0), Uint8Array.of(0, 5)],
    either: { raw: Uint8Array.of(97, 98, 0, 0), text: "ab" },
  });
  assertEquals(
    JSON.stringify(view),
    '{"parts":[[8,0],[0,5]],"either":{"raw":[97,98,0,0],"text":"ab"}}',
  );
  assertEquals(Deno.inspect(view.parts), "[ Uint8Array(2) [ 8, 0 ], Uint8Array(2) [ 0, 5 ] ]");
  const gone = struct({ parts: array(bytes(2), 2) }).view(memory).parts;
  gone.get(0);
  memory.transfer();
  assertThrows(() => gone.get(0), TypeError);
});

Deno.test("bytes(n) has the layout, the hash and the C declaration of array('u8', n)", () => {
  const Same = struct({ id: "u8", data: array("u8", 8), end: "u8" });
  assertEquals(Same.layoutHash, Entry.layoutHash);
  assertEquals(Same.toC("Entry"), Entry.toC("Entry"));
  assertEquals(Entry.toC("Entry").includes("    uint8_t data[8];\n"), true);
  for (const wrong of [0, -1, 1.5, 2 ** 31]) {
    assertThrows(() => bytes(wrong), RangeError, "the number of bytes");
  }
});

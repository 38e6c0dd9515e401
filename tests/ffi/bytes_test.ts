import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { assertBytes, bytesOf, copyOfBytes } from "../../ffi/arguments.ts";
import {
  byteSources,
  emptySources,
  lostSources,
  notBytes,
  SOURCE_LENGTH,
} from "../support/byte_sources.ts";

Deno.test("bytesOf() returns all bytes of every source, in the same memory", () => {
  for (const { name, source, bytes } of byteSources()) {
    const found = bytesOf("data", source);
    assertEquals([...found], [...bytes], name);
    assertEquals(found.length, SOURCE_LENGTH, name);
    assertEquals(Object.getPrototypeOf(found), Uint8Array.prototype, name);
    found[0] = 0;
    assertEquals(bytesOf("data", source)[0], 0, name);
  }
  for (const source of emptySources()) assertEquals(bytesOf("data", source).length, 0);
});

Deno.test("bytesOf() returns an array that keeps its length when the source grows", () => {
  const resizable = new ArrayBuffer(4, { maxByteLength: 16 });
  const growable = new SharedArrayBuffer(4, { maxByteLength: 16 });
  const sources = [resizable, growable, new Uint16Array(resizable), new DataView(growable)];
  const found = sources.map((source) => bytesOf("data", source));
  resizable.resize(12);
  growable.grow(12);
  assertEquals(found.map(({ length }) => length), [4, 4, 4, 4]);
  assertEquals(sources.map((source) => bytesOf("data", source).length), [12, 12, 12, 12]);
});

Deno.test("copyOfBytes() copies every source, even a Buffer, whose slice() does not copy", () => {
  for (
    const { name, source, bytes } of [
      ...byteSources(),
      { name: "Buffer", source: Buffer.from("abc"), bytes: new TextEncoder().encode("abc") },
    ]
  ) {
    const copy = copyOfBytes("data", source);
    bytesOf("data", source).fill(0);
    assertEquals([...copy], [...bytes], name);
    assert(copy.buffer instanceof ArrayBuffer && !copy.buffer.resizable, name);
  }
});

Deno.test("bytesOf(), copyOfBytes() and assertBytes() throw errors with the name and the wrong value", () => {
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    for (const use of [bytesOf, copyOfBytes, assertBytes]) {
      const { message } = assertThrows(() => use("the message", value), TypeError);
      if (got === "") continue;
      assert(message.startsWith("Expected the message to be bytes (an ArrayBuffer, "), message);
      assert(message.includes(got), `${message} has no "${got}"`);
    }
  }
});

import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { endFrame, FrameParser, messageFrame } from "../../../src/rpc/links/frame.ts";

const options = { label: "link", maxLength: 1000, hint: "a hint" };

Deno.test("FrameParser returns the same contents however the bytes are cut", () => {
  for (let round = 0; round < 500; round++) {
    const contents = Array.from(
      { length: 8 },
      () => crypto.getRandomValues(new Uint8Array(Math.random() * 300)),
    );
    const frames = [...contents.map(messageFrame), endFrame()];
    const bytes = new Uint8Array(frames.flatMap((frame) => [...frame]));
    const parser = new FrameParser(options);
    const taken: unknown[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = 1 + Math.floor(Math.random() * (round % 2 === 0 ? 9 : 400));
      parser.add(bytes.slice(at, at += length));
      for (let found; (found = parser.take()) !== undefined;) {
        taken.push(found);
        if (found !== "end") assertEquals(found.buffer.byteLength, found.length);
      }
    }
    assertEquals(taken, [...contents, "end"]);
    assertEquals(parser.isInside, false);
  }
});

Deno.test("FrameParser takes no memory for a length that was only announced", () => {
  const parser = new FrameParser({ ...options, maxLength: 2 ** 30 });
  const frame = messageFrame(new Uint8Array(50));
  new DataView(frame.buffer).setUint32(4, 2 ** 30, true);
  const before = Deno.memoryUsage().external;
  for (const byte of frame) {
    parser.add(Uint8Array.of(byte));
    assertEquals(parser.take(), undefined);
  }
  assertLess(Deno.memoryUsage().external - before, 2 ** 24);
});

Deno.test("FrameParser refuses the first wrong byte, and shows it", () => {
  for (const text of ["x", "Wx", "WIPx", "hello"]) {
    const parser = new FrameParser(options);
    parser.add(new TextEncoder().encode(text));
    assertThrows(() => parser.take(), Deno.errors.InvalidData, JSON.stringify(text));
  }
  const parser = new FrameParser(options);
  parser.add(messageFrame(new Uint8Array(1001)));
  assertThrows(() => parser.take(), Deno.errors.InvalidData, "1001 bytes");
  const end = endFrame();
  end[4] = 1;
  const other = new FrameParser(options);
  other.add(end);
  assertThrows(() => other.take(), Deno.errors.InvalidData, "does not begin a frame");
});

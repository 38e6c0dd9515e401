// Task: test:package
//
// Compares the frames of links in docs/wire_formats.md with the bytes of the library.

import { assert, assertEquals } from "@std/assert";
import { deserialize, serialize } from "node:v8";
import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";
import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";
import { listenWindow, pipeLink } from "../../../src/rpc/mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { type Bytes, constantsOf, Greeting, LinkFrame, WindowFrame } from "./document.ts";

/** Writes two words down, each at its documented offset. */
function words(
  layout: typeof LinkFrame,
  values: Record<string, number>,
  content: Uint8Array,
): Bytes {
  const length = Math.max(...layout.fields.map(({ offset }) => offset + 4));
  const bytes = new Uint8Array(length + content.length);
  for (const [name, value] of Object.entries(values)) {
    new DataView(bytes.buffer).setUint32(layout.offsetOf(name), value, true);
  }
  bytes.set(content, length);
  return bytes;
}

Deno.test("wire_formats.md has the frames of a link over a pipe", async () => {
  const name = randomName();
  const { message, end } = constantsOf("link-frame");
  using listener = listenPipe({ name, mode: "messages" });
  const accepted = listener.accept(soon);
  await using raw = await connectPipe(name, { mode: "messages", ...soon });
  await using link = pipeLink(await accepted);
  const value = { text: "a value", list: [1, 2] };

  await link.send(value, soon);
  const frame = (await raw.readMessage(soon))!;
  assertEquals(LinkFrame.readAll(frame), { kind: message!, length: frame.length - 8 });
  assertEquals([...frame.subarray(8, 10)], [0xff, 0x0f]);
  assertEquals(deserialize(frame.slice(8)), value);

  const content = serialize(value);
  await raw.write(words(LinkFrame, { kind: message!, length: content.length }, content), soon);
  const iterator = link[Symbol.asyncIterator]();
  assertEquals((await iterator.next()).value, value);
  const closing = link[Symbol.asyncDispose]();
  assertEquals(LinkFrame.readAll((await raw.readMessage(soon))!), { kind: end!, length: 0 });
  await closing;
});

Deno.test("wire_formats.md has the handshake and the messages of a link over WM_COPYDATA", async () => {
  const { hello, welcome, part, message, end } = constantsOf("window");
  await using listener = await listenWindow({ maxMessageLength: 500_000 });
  await using own = await CopyDataListener.open();
  const accepted = listener.accept(soon);
  const greeting = { kind: hello!, version: 1, token: 77, maxLength: 400_000 };
  const bytes = words(Greeting, greeting, new Uint8Array());
  assertEquals(await sendCopyData(listener, bytes, { id: hello!, from: own }), 1n);
  const answer = (await own.receive(soon))!;
  const { token, ...rest } = Greeting.readAll(answer.bytes);
  assertEquals(rest, { kind: welcome!, version: 1, maxLength: 500_000 });
  assertEquals(answer.id, 77n);
  await using link = await accepted;

  const long = new Uint8Array(300_000).fill(5);
  await link.send(long, soon);
  const parts = [await own.receive(soon), await own.receive(soon)].map((found) => found!);
  for (const { id, sender } of parts) {
    assertEquals([id, sender.handle], [77n, answer.sender.handle]);
  }
  assertEquals(parts.map(({ bytes }) => WindowFrame.readAll(bytes)), [
    { kind: part!, sequence: 1 },
    { kind: message!, sequence: 2 },
  ]);
  assertEquals(parts[0]!.bytes.length, 8 + 262_144);
  const content = new Uint8Array(parts.flatMap(({ bytes }) => [...bytes.subarray(8)]));
  assertEquals(deserialize(content), long);

  const iterator = link[Symbol.asyncIterator]();
  const send = async (kind: number, sequence: number, content: Uint8Array) => {
    const frame = words(WindowFrame, { kind, sequence }, content);
    assertEquals(await sendCopyData(answer.sender, frame, { id: Number(token), from: own }), 1n);
  };
  const value = serialize("a value");
  await send(part!, 1, value.subarray(0, 3));
  await send(part!, 1, value.subarray(0, 3));
  await send(message!, 2, value.subarray(3));
  assertEquals((await iterator.next()).value, "a value");
  await send(end!, 3, new Uint8Array());
  assert((await iterator.next()).done);
});

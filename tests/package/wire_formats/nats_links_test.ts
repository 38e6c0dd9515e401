// Task: test:package
//
// Compares the links over NATS in docs/wire_formats.md with the bytes of the library.

import { assert, assertEquals } from "@std/assert";
import { deserialize, serialize } from "node:v8";
import { connect, headers, type Msg } from "@nats-io/transport-node";
import { natsLinks } from "../../../src/bridge/mod.ts";
import type { MessageLink } from "../../../src/rpc/mod.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { within } from "../../support/within.ts";
import { type Bytes, constantsOf, NatsFrameTable, NatsGreetingTable } from "./document.ts";

/** Writes numbers down, each at its documented offset, and the content after them. */
function bytesOf(
  { fields }: typeof NatsFrameTable,
  values: Readonly<Record<string, number | bigint>>,
  content: Uint8Array = new Uint8Array(),
): Bytes {
  const length = Math.max(...fields.map(({ offset, width }) => offset + width));
  const bytes = new Uint8Array(length + content.length);
  const data = new DataView(bytes.buffer);
  for (const { name, type, offset } of fields) {
    if (type === "u64") data.setBigUint64(offset, BigInt(values[name]!), true);
    else data.setUint32(offset, Number(values[name]), true);
  }
  bytes.set(content, length);
  return bytes;
}

Deno.test("wire_formats.md has the handshake and the frames of a link over NATS", async () => {
  const { hello, welcome, alive, part, message, end } = constantsOf("nats");
  await using server = await NatsServer.start();
  const connection = await connect({ servers: server.address });
  const links = natsLinks({ connection, headers }, "service", { maxMessageLength: 500_000 });
  const iterator = links[Symbol.asyncIterator]();
  const inbox = connection.subscribe("_INBOX.document");
  const arrived = inbox[Symbol.asyncIterator]();
  const next = async (): Promise<Msg> => (await within("a message", arrived.next())).value;

  const greeting = { kind: hello!, version: 1, to: 0, token: 77, maxLength: 400_000, window: 2048 };
  connection.publish("service", bytesOf(NatsGreetingTable, greeting), { reply: "_INBOX.document" });
  const answer = await next();
  const { token, ...rest } = NatsGreetingTable.readAll(new Uint8Array(answer.data));
  assertEquals(rest, {
    kind: welcome!,
    version: 1,
    to: 77n,
    maxLength: 500_000,
    window: 524_288,
  });
  assert(/^service\.[^.]+$/.test(answer.reply!), answer.reply);

  let sequence = 0;
  const send = (kind: number, content?: Uint8Array) => {
    const start = { kind, sequence: ++sequence, token: token as bigint };
    connection.publish(answer.reply!, bytesOf(NatsFrameTable, start, content));
  };
  send(alive!, new Uint8Array(4));
  const link: MessageLink = (await within("the link comes", iterator.next())).value;
  const values = link[Symbol.asyncIterator]();
  const content = serialize("a value");
  send(part!, content.subarray(0, 3));
  send(message!, content.subarray(3));
  assertEquals((await values.next()).value, "a value");

  // Two parts fill the window of 2048 bytes. The last one waits for a receipt.
  const long = new Uint8Array(2500).fill(5);
  const sent = link.send(long);
  const frames: Bytes[] = [];
  let taken = 0;
  while (frames.length < 3) {
    const { data } = await next();
    const frame = new Uint8Array(data);
    const { kind, token } = NatsFrameTable.readAll(frame);
    assertEquals(token, 77n);
    if (kind === alive!) {
      assertEquals(new DataView(frame.buffer).getUint32(16, true), 32 + content.length);
      continue;
    }
    frames.push(frame);
    taken += frame.length;
    if (frames.length === 2) {
      assertEquals(taken, 2048);
      const receipt = new Uint8Array(4);
      new DataView(receipt.buffer).setUint32(0, taken, true);
      send(alive!, receipt);
    }
  }
  await sent;
  assertEquals(frames.map((frame) => NatsFrameTable.read(frame, "kind")), [part!, part!, message!]);
  const numbers = frames.map((frame) => Number(NatsFrameTable.read(frame, "sequence")));
  assertEquals(numbers, numbers.toSorted((a, b) => a - b));
  const joined = new Uint8Array(frames.flatMap((frame) => [...frame.subarray(16)]));
  assertEquals(deserialize(joined), long);

  send(end!);
  assert((await within("the iteration ends", values.next())).done);
  await link.closed;
  links.close!();
  await connection.close();
});

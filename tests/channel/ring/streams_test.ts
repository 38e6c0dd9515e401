import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { RingChannel } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

Deno.test("RingChannel.readable and writable pipe a text to another process and back", async () => {
  const name = randomName();
  using there = RingChannel.create(name, { capacity: 1024 });
  using back = RingChannel.create(`${name}b`, { capacity: 1024 });
  await using peer = await Peer.start("channel/ring/peers/end.ts", "pipe", name);
  const lines = Array.from(
    { length: 5_000 },
    (_, index) => `Line ${index} ${"ä".repeat(index % 90)}`,
  );
  const sent = ReadableStream.from(lines.map((line) => `${line}\n`))
    .pipeThrough(new TextEncoderStream()).pipeTo(there.writable);
  const received = await Array.fromAsync(
    back.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()),
  );
  await sent;
  assertEquals(received, lines);
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("RingChannel.writable lets a write finish only when the ring has room", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using receiver = channel.receiver();
  const writer = channel.writable.getWriter();
  let written = 0;
  for (let count = 0; count < 10; count++) {
    void writer.write(new Uint8Array(248)).then(() => written++);
  }
  // Four messages fit into the ring. Their writes finish after a few event-loop turns.
  while (written < 4) await new Promise((resolve) => setTimeout(resolve));
  await assertRejects(() => Promise.race([writer.ready, lateAfter(100)]), Deno.errors.TimedOut);
  assertEquals(written, 4);
  for (let count = 0; count < 10; count++) assert(await receiver.receive(soon));
  await writer.close();
  assertEquals(written, 10);
  assertEquals(await receiver.receive(soon), undefined);
});

Deno.test("RingChannel.readable takes a message out of the ring only when it is read", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  const { readable } = channel;
  assertEquals(channel.readable, readable);
  while (sender.trySend(new Uint8Array(100)));
  const { sent } = sender.stats;
  await assertRejects(
    () => sender.send(new Uint8Array(100), { timeout: 50 }),
    Deno.errors.TimedOut,
  );
  sender.close();
  const reader = readable.getReader();
  let read = 0;
  while (!(await reader.read()).done) read++;
  assertEquals(read, sent);
  // The receiver's place is free again.
  channel.receiver().close();
});

Deno.test("A stream leaves its place after cancel() or abort(), and fails if its peer has left", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  await channel.readable.cancel();
  channel.receiver().close();
  using other = RingChannel.anonymous({ capacity: 1024 });
  using receiver = other.receiver();
  const writer = other.writable.getWriter();
  await writer.write(new Uint8Array(500));
  await writer.write(new Uint8Array(504));
  const stuck = writer.write(new Uint8Array(504));
  const aborted = assertRejects(() => stuck, Error, "enough");
  await writer.abort(new Error("enough"));
  await aborted;
  assertEquals((await receiver.receive(soon))?.length, 500);
  assertEquals((await receiver.receive(soon))?.length, 504);
  assertEquals(await receiver.receive(soon), undefined);
  using third = RingChannel.anonymous({ capacity: 1024 });
  third.receiver().close();
  await assertRejects(
    () => third.writable.getWriter().write(new Uint8Array(1)),
    Deno.errors.BrokenPipe,
  );
  assertThrows(() => third.writable.getWriter(), TypeError);
});

function lateAfter(timeout: number): Promise<never> {
  return new Promise((_, reject) =>
    setTimeout(() => reject(new Deno.errors.TimedOut("Nothing happened, as expected")), timeout)
  );
}

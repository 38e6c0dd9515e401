import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { BroadcastRing, RingChannel } from "../../mod.ts";
import { SENDER } from "../../src/channel/ring/layout.ts";
import { byteSources, emptySources, lostSources, notBytes } from "../support/byte_sources.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

const wrong = (): unknown[] => [...notBytes(), ...lostSources()].map(({ value }) => value);

for (const producers of ["single", "multiple"] as const) {
  Deno.test(`RingSender sends each kind of byte source whole: ${producers} producers`, async () => {
    using channel = RingChannel.anonymous({ producers });
    using sender = channel.sender();
    using receiver = channel.receiver();
    for (const { name, source, bytes } of byteSources()) {
      assert(sender.trySend(source) && await sender.send(source) && sender.sendSync(source));
      for (let count = 0; count < 3; count++) {
        assertEquals(await receiver.receive(soon), new Uint8Array(bytes), name);
      }
    }
    for (const source of emptySources()) {
      assert(sender.trySend(source) && await sender.send(source) && sender.sendSync(source));
      for (let count = 0; count < 3; count++) {
        assertEquals(await receiver.receive(soon), new Uint8Array());
      }
    }
  });

  Deno.test(`RingSender refuses values that are not bytes, and goes on: ${producers} producers`, async () => {
    using channel = RingChannel.anonymous({ producers });
    using sender = channel.sender();
    using receiver = channel.receiver();
    for (const value of wrong()) {
      // @ts-expect-error: the type checker refuses the value, and so does the call
      assertThrows(() => sender.trySend(value), TypeError);
      // @ts-expect-error: as above
      assertThrows(() => sender.sendSync(value), TypeError);
      // @ts-expect-error: as above
      await assertRejects(() => sender.send(value), TypeError);
    }
    sender.sendSync(Uint8Array.of(7));
    assertEquals(await receiver.receive(soon), Uint8Array.of(7));
    assertEquals(receiver.tryReceive(), undefined);
    assertEquals(sender.stats.sent, 1);
  });
}

Deno.test("RingSender.send() sends the bytes at the moment of the call, also if it waits for room", async () => {
  for (
    const make of [
      () => Buffer.from([1, 2, 3]),
      () => Uint8Array.of(1, 2, 3),
      () => new DataView(Uint8Array.of(1, 2, 3).buffer),
      () => Uint8Array.of(1, 2, 3).buffer,
    ]
  ) {
    using channel = RingChannel.anonymous({ capacity: 1024 });
    using sender = channel.sender();
    using receiver = channel.receiver();
    while (sender.trySend(new Uint8Array(56)));
    const source = make();
    const sent = sender.send(source, soon);
    (ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source)).fill(9);
    let last: Uint8Array | undefined;
    while (last?.length !== 3) last = await receiver.receive(soon);
    assertEquals(last, Uint8Array.of(1, 2, 3));
    assert(await sent);
  }
});

Deno.test("RingChannel.writable takes each kind of byte source, and another value makes it fail", async () => {
  using channel = RingChannel.anonymous();
  using receiver = channel.receiver();
  const writer = channel.writable.getWriter();
  for (const { name, source, bytes } of byteSources()) {
    // @ts-ignore: the property's type can be narrower than the values that it takes
    await writer.write(source);
    assertEquals(await receiver.receive(soon), new Uint8Array(bytes), name);
  }
  // @ts-ignore: a string is not bytes
  await assertRejects(() => writer.write("abc"), TypeError, "got a string");
  await assertRejects(() => writer.closed, TypeError, "got a string");
  assertEquals(await receiver.receive(soon), undefined);
});

Deno.test("BroadcastSender.send() sends each kind of byte source whole, and refuses other values", () => {
  using ring = BroadcastRing.anonymous({ capacity: 1024 });
  using sender = ring.sender();
  using receiver = ring.receiver();
  for (const { name, source, bytes } of byteSources()) {
    sender.send(source);
    sender.flush();
    assertEquals(receiver.tryReceive()?.bytes, new Uint8Array(bytes), name);
  }
  for (const source of emptySources()) {
    sender.send(source);
    sender.flush();
    assertEquals(receiver.tryReceive()?.bytes, new Uint8Array());
  }
  for (const value of wrong()) {
    // @ts-expect-error: the type checker refuses the value, and so does the call
    assertThrows(() => sender.send(value), TypeError);
  }
  sender.flush();
  assertEquals(receiver.tryReceive(), undefined);
});

Deno.test("RingSender.sendSync() sends an array with its length at the call, if another thread grows it", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, maxMessageLength: 100 });
  using sender = channel.sender();
  while (sender.trySend(new Uint8Array(64)));
  // The Worker grows the buffer while the ring is full and the sender waits. Then it makes room.
  const code = `
    import { RingChannel, SharedMemory } from ${
    JSON.stringify(import.meta.resolve("../../mod.ts"))
  };
    onmessage = ({ data: buffer }) => {
      const channel = RingChannel.open(${JSON.stringify(name)});
      const receiver = channel.receiver();
      const memory = SharedMemory.open(${JSON.stringify(name)}, { access: "readwrite" });
      const header = new Int32Array(memory.map().buffer);
      while (Atomics.load(header, ${SENDER.sleeping}) === 0);
      buffer.grow(600);
      const lengths = new Set();
      try {
        for (let message; (message = receiver.receiveSync({ timeout: ${soon.timeout} })) !== undefined;) {
          lengths.add(message.length);
        }
      } catch (error) {
        lengths.add(String(error));
      }
      postMessage([...lengths]);
      channel.close();
    };
    postMessage([]);
  `;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  const next = () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  await next();
  const lengths = next();
  const buffer = new SharedArrayBuffer(64, { maxByteLength: 600 });
  worker.postMessage(buffer);
  sender.sendSync(new Uint8Array(buffer), soon);
  sender.close();
  assertEquals(await lengths, [64]);
  worker.terminate();
});

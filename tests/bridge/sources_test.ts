// Task: test:bridge

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { connect, headers } from "@nats-io/transport-node";
import { openSource } from "../../src/bridge/sources/open.ts";
import { bridge, type RouteStats, type Sink, type Source } from "../../src/bridge/mod.ts";
import { BroadcastRing, RingChannel } from "../../src/channel/mod.ts";
import { identityOf } from "../../src/channel/ring/channel.ts";
import { CopyDataListener, sendCopyData } from "../../src/messages/mod.ts";
import { connectPipe, listenPipe, Mailslot, openMailslot } from "../../src/pipe/mod.ts";
import { struct } from "../../mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";
import { standIn } from "./stand_in.ts";
import { until } from "./numbered.ts";

const TIME = { timeout: 10_000 * SLOWNESS };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (message: Uint8Array) => new TextDecoder().decode(message);

/** Returns both ends of a pipe of messages. */
async function openPipe(options: { emptyMessage?: "end" } = {}) {
  const name = randomName();
  using listener = listenPipe({ name, mode: "messages", ...options });
  const client = await connectPipe(name, { mode: "messages", ...options });
  return { client, server: await listener.accept() };
}

Deno.test("Bridges carry messages of each kind of source, and to each kind of sink", async (test) => {
  await using server = await NatsServer.start();
  const connection = await connect({ servers: server.address });
  const nats = { connection, headers };
  let subjects = 0;

  /** Runs a route, and returns the texts that it published and its counts in the end. */
  async function published(from: Source, send: () => unknown, count: number) {
    const subject = `out.${subjects++}`;
    const texts: string[] = [];
    const subscription = connection.subscribe(subject, {
      callback: (_, { data }) => void texts.push(text(data)),
    });
    await using running = bridge(nats, [{ from, subject }]);
    await send();
    await until(`${count} messages are published`, () => texts.length === count);
    await until("all are confirmed", () => running.stats[0]!.pending === 0);
    subscription.unsubscribe();
    return { texts, stats: running.stats[0]! };
  }

  /** Runs a route to a sink, and publishes texts for it. */
  async function passed(to: Sink, texts: string[], done: (stats: () => RouteStats) => unknown) {
    const subject = `in.${subjects++}`;
    await using running = bridge(nats, [{ subject, to }]);
    for (const sent of texts) connection.publish(subject, sent);
    await done(() => running.stats[0]!);
    return running.stats[0]!;
  }

  await test.step("from a broadcast ring, whose missed messages are lost", async () => {
    using ring = BroadcastRing.anonymous({ capacity: 1024 });
    using sender = ring.sender();
    const { texts, stats } = await published(ring, () => {
      for (let i = 0; i < 100; i++) sender.send(bytes(`${i}`));
      sender.flush();
    }, 1);
    assertEquals([texts, stats.lost, stats.route], [
      ["99"],
      99,
      `anonymous broadcast ring => out.0`,
    ]);
  });

  await test.step("from a broadcast ring with a layout, as bytes, until its sender is closed", async () => {
    const Price = struct({ price: "u32" });
    using ring = BroadcastRing.create(randomName(), { message: Price });
    using sender = ring.sender();
    const { texts, stats } = await published(ring, () => {
      sender.write({ price: 0x41424344 });
      sender.close();
    }, 1);
    assertEquals([texts, stats.route], [["DCBA"], `broadcast ring "${ring.name}" => out.1`]);
  });

  await test.step("a gap in a broadcast ring is counted at the other end, too", async () => {
    using ring = BroadcastRing.anonymous({ capacity: 1024 });
    using sender = ring.sender();
    using back = RingChannel.anonymous();
    using receiver = back.receiver();
    await using running = bridge(nats, [{ subject: "gap", to: back }, {
      from: ring,
      subject: "gap",
    }]);
    await connection.flush();
    sender.send(bytes("first"));
    sender.flush();
    await receiver.receive(TIME);
    for (let i = 0; i < 50; i++) sender.send(bytes(`${i}`));
    sender.flush();
    assertEquals(text((await receiver.receive(TIME))!), "49");
    assertEquals(running.stats.map(({ lost }) => lost), [49, 49]);
  });

  await test.step("from a pipe of messages, until the peer closes it", async () => {
    const { client, server } = await openPipe();
    await using _ = server;
    const { texts, stats } = await published(server, async () => {
      for (const sent of ["one", "", "three"]) await client.write(bytes(sent));
      client.close();
    }, 3);
    assertEquals(texts, ["one", "", "three"]);
    assertEquals(stats.route, `pipe "${server.path}" => out.2`);
  });

  await test.step("a pipe stays open after its bridge, and has lost nothing", async () => {
    const { client, server } = await openPipe();
    await using _ = server;
    await using __ = client;
    await published(server, () => client.write(bytes("one")), 1);
    await client.write(bytes("two"));
    assertEquals(text((await server.readMessage(TIME))!), "two");
  });

  await test.step("from a mailslot, until the script closes it", async () => {
    using mailslot = Mailslot.create(randomName());
    using sender = openMailslot(mailslot.path);
    await using running = bridge(nats, [{ from: mailslot, subject: "slot" }]);
    sender.send(bytes("one"));
    sender.send(bytes("two"));
    await until("both are published", () => running.stats[0]!.delivered === 2);
    mailslot.close();
    await within("the route ends", running.closed);
    assertEquals(running.stats[0]!.state, "ended");
    assertEquals(running.stats[0]!.route, `mailslot "${mailslot.path}" => slot`);
  });

  await test.step("from a listener for WM_COPYDATA", async () => {
    await using listener = await CopyDataListener.open();
    const { texts, stats } = await published(listener, async () => {
      for (const sent of ["one", "two"]) await sendCopyData(listener, bytes(sent));
    }, 2);
    assertEquals(texts, ["one", "two"]);
    assertEquals(stats.route, `window of class "${listener.class}" => out.4`);
  });

  await test.step("from an async iterable, whose iterator is returned", async () => {
    const ended: string[] = [];
    async function* messages() {
      const shared = new Uint8Array(1);
      try {
        for (const sent of "abc") {
          // The script can use its array again.
          shared.set(bytes(sent));
          yield shared;
        }
        await new Promise<void>(() => {});
      } finally {
        ended.push("never comes to its end");
      }
    }
    const { texts, stats } = await published(messages(), () => {}, 3);
    assertEquals([texts, stats.route], [["a", "b", "c"], "async iterable => out.5"]);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("x")),
      cancel: () => void ended.push("cancelled"),
    });
    await published(stream, () => {}, 1);
    assertEquals(ended, ["cancelled"]);
  });

  await test.step("an async iterable that throws, or yields no bytes, fails its route", async () => {
    async function* throwing(): AsyncGenerator<Uint8Array> {
      yield bytes("one");
      throw new Error("no more");
    }
    async function* wrong() {
      yield* [JSON.parse('"text"')];
    }
    await using running = bridge(nats, [
      { from: throwing(), subject: "throwing" },
      { from: wrong(), subject: "wrong" },
    ]);
    await assertRejects(() => within("the routes fail", running.closed));
    const [first, second] = running.stats as [RouteStats, RouteStats];
    assertInstanceOf(first.error, Error);
    assertEquals([first.error.message, first.delivered], ["no more", 1]);
    assertInstanceOf(second.error, TypeError);
    assertEquals(
      second.error.message,
      'Expected the async iterable to yield each message as a Uint8Array, got "text"',
    );
  });

  await test.step("to a broadcast ring", async () => {
    using ring = BroadcastRing.anonymous();
    using receiver = ring.receiver();
    await passed(ring, ["one", "two"], async () => {
      assertEquals(text((await receiver.receive(TIME))!.bytes), "one");
      assertEquals(text((await receiver.receive(TIME))!.bytes), "two");
    });
    ring.sender().close();
  });

  await test.step("to a pipe of messages", async () => {
    const { client, server } = await openPipe();
    await using _ = server;
    await using __ = client;
    await passed(client, ["one", "", "three"], async () => {
      for (const sent of ["one", "", "three"]) {
        assertEquals(text((await server.readMessage(TIME))!), sent);
      }
    });
    await client.write(bytes("still open"));
    assertEquals(text((await server.readMessage(TIME))!), "still open");
  });

  await test.step("to a pipe whose empty message is the end, which loses empty messages", async () => {
    const { client, server } = await openPipe({ emptyMessage: "end" });
    await using _ = server;
    await using __ = client;
    const { delivered, lost } = await passed(client, ["one", "", "three"], async () => {
      for (const sent of ["one", "three"]) {
        assertEquals(text((await server.readMessage(TIME))!), sent);
      }
    });
    assertEquals([delivered, lost], [2, 1]);
  });

  await test.step("to a mailslot", async () => {
    using mailslot = Mailslot.create(randomName());
    using sender = openMailslot(mailslot.path);
    await passed(sender, ["one", ""], async () => {
      for (const sent of ["one", ""]) assertEquals(text(await mailslot.receive(TIME)), sent);
    });
    sender.send(bytes("still open"));
  });

  await test.step("to a window, whose answer 0 refuses a message", async () => {
    await using listener = await CopyDataListener.open({
      onMessage: (message) => message.id === 7n && text(message.bytes) !== "bad",
    });
    const { delivered, lost } = await passed(
      { window: listener, id: 7 },
      ["one", "bad", "two"],
      (stats) => until("all are answered", () => stats().delivered + stats().lost === 3),
    );
    assertEquals([delivered, lost], [2, 1]);
  });

  await test.step("to a window that is gone, which fails the route", async () => {
    const listener = await CopyDataListener.open();
    const { handle } = listener;
    await listener.close();
    await passed(
      { window: handle },
      ["one"],
      (stats) => until("the route fails", () => stats().state === "failed"),
    );
  });

  await connection.close();
});

Deno.test("A ring has one identity in all processes, and a new ring of its name another", () => {
  const name = randomName();
  let first: string;
  {
    using ring = RingChannel.create(name);
    using same = RingChannel.open(name);
    first = identityOf(ring);
    assertEquals(identityOf(same), first);
    assertEquals(/^[0-9a-f]{16}$/.test(first), true);
    using other = RingChannel.create(randomName());
    assertNotEquals(identityOf(other), first);
  }
  using again = RingChannel.create(name);
  assertNotEquals(identityOf(again), first);
});

Deno.test("The numbers of a ring go on in the next bridge, under the same identity", async () => {
  using ring = RingChannel.anonymous({ maxMessageLength: 1000 });
  using sender = ring.sender();
  const nats = standIn();
  const sent: string[] = [];
  const { connection } = nats;
  const publish: typeof connection.publish = (_subject, _data, { headers } = {}) => {
    sent.push(headers!.get("Winipc"));
  };
  for (let round = 0; round < 2; round++) {
    await using running = bridge({ ...nats, connection: { ...connection, publish } }, [
      { from: ring, subject: "a" },
    ]);
    await sender.send(bytes("one"));
    await sender.send(bytes("two"));
    await until("both are published", () => running.stats[0]!.delivered === 2);
  }
  assertEquals(sent, [0, 1, 2, 3].map((number) => `${identityOf(ring)} ${number}`));
});

Deno.test("Messages of a ring keep their bytes after their release, at each length", () => {
  using ring = RingChannel.anonymous({ capacity: 65_536 });
  using sender = ring.sender();
  const source = openSource(ring);
  const sent: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  // Messages of at most 8 KiB share buffers of 32 KiB. The ring is overwritten several times.
  const lengths = [0, 1, 64, 63, 8192, 8192, 8192, 8193, 8192, 0, 20_000, 8192, 7, 8191, 64];
  for (const length of [...lengths, ...lengths, ...lengths]) {
    const message = new Uint8Array(length).fill(sent.length + 1);
    assert(sender.trySend(message));
    sender.flush();
    sent.push(message);
    taken.push(source.tryNext()!.bytes);
    source.release(1);
  }
  void source.close();
  assertEquals(taken, sent);
});

// Task: test:bridge

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  bridge,
  type NatsClient,
  type NatsConnection,
  type NatsJetStream,
  type Route,
  type RouteStats,
} from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { within } from "../support/within.ts";
import { numbered, numberOf, until } from "./numbered.ts";
import { standIn } from "./stand_in.ts";

/** Returns a stand-in client with other functions of the connection. */
function clientWith(parts: Partial<NatsConnection>): NatsClient {
  const { connection, headers } = standIn();
  return { connection: { ...connection, ...parts }, headers };
}

/** Returns a stand-in client of streams with one stream, which stores nothing. */
function streamsWith(name: string): NatsJetStream {
  const refuse = () => Promise.reject(new Error("Not a part of this test"));
  const info = () => Promise.resolve({ config: { name, subjects: [name], max_msg_size: -1 } });
  return {
    publish: refuse,
    jetstreamManager: () =>
      Promise.resolve({
        streams: { info, find: refuse },
        consumers: { info: refuse, add: refuse },
      }),
    consumers: { get: refuse },
  };
}

Deno.test("A message has left its ring before it is published, so no bridge publishes it twice", async () => {
  using ring = RingChannel.anonymous();
  using sender = ring.sender();
  const nats = clientWith({
    publish() {
      throw new Error("killed");
    },
  });
  for (let i = 0; i < 3; i++) sender.trySend(numbered(i));
  sender.flush();
  const running = bridge(nats, [{ from: ring, subject: "lines" }]);
  await assertRejects(() => running.closed, Error, 'Cannot publish on "lines": killed');
  const [{ state, taken, delivered, pending, lost }] = running.stats as [RouteStats];
  assertEquals([state, taken, delivered, pending, lost], ["failed", 1, 0, 0, 1]);
  using receiver = ring.receiver();
  assertEquals(numberOf((await receiver.receive())!), 1);
});

Deno.test("A route publishes at most 1024 messages or 1 MiB that the server has not confirmed", async () => {
  for (const [length, most] of [[8, 1024], [100_000, 11]] as const) {
    using ring = RingChannel.anonymous({ capacity: 2 ** 22, maxMessageLength: 100_000 });
    using sender = ring.sender();
    let published = 0;
    const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
    const nats = clientWith({ flush: () => confirmed, publish: () => void published++ });
    const running = bridge(nats, [{ from: ring, subject: "lines" }]);
    for (let i = 0; i < most + 10; i++) sender.trySend(new Uint8Array(length));
    sender.flush();
    await until("the route waits", () => published === most);
    assertEquals([published, running.stats[0]!.pending], [most, most]);
    const closed = running[Symbol.asyncDispose]();
    confirm();
    await within("the bridge ends", closed);
    assertEquals([published, running.stats[0]!.delivered], [most, most]);
    using rest = ring.receiver();
    assertEquals(rest.read(() => {}), 10);
  }
});

Deno.test("A route publishes on while the server has confirmed only a part of its messages", async () => {
  using ring = RingChannel.anonymous({ capacity: 2 ** 20 });
  using sender = ring.sender();
  for (let i = 0; i < 5000; i++) sender.trySend(new Uint8Array(64));
  sender.flush();
  const flushes: PromiseWithResolvers<void>[] = [];
  /** The number of messages that were published before each flush. */
  const before: number[] = [];
  let published = 0;
  const nats = clientWith({
    publish: () => void published++,
    flush() {
      flushes.push(Promise.withResolvers());
      before.push(published);
      return flushes.at(-1)!.promise;
    },
  });
  await using running = bridge(nats, [{ from: ring, subject: "lines" }]);
  await until("four flushes are on their way", () => flushes.length === 4);
  const part = published / 4;
  assert(part >= 128 && part <= 256);
  assertEquals(before, [part, 2 * part, 3 * part, published]);
  const counts = () => [running.stats[0]!.delivered, running.stats[0]!.pending];
  assertEquals(counts(), [0, 4 * part]);
  flushes[0]!.resolve();
  await until("another part is published", () => flushes.length === 5);
  assertEquals(before.at(-1), 5 * part);
  assertEquals(counts(), [part, 4 * part]);
  // The connection breaks: its flushes fail together, and what they asked about is forgotten once.
  for (const { reject } of flushes.slice(1)) reject(new Error("disconnected"));
  await until("the server is tried again", () => flushes.length === 6);
  assertEquals([published, ...counts()], [5 * part, part, 0]);
  flushes[5]!.resolve();
  await until("the route goes on", () => flushes.length === 10);
  assertEquals([published, ...counts()], [9 * part, part, 4 * part]);
  for (const { resolve } of flushes) resolve();
});

Deno.test("Messages that are too long for a server that has come back are counted, and not published", async () => {
  using ring = RingChannel.anonymous({ maxMessageLength: 1000 });
  using sender = ring.sender();
  let info: NatsConnection["info"] = { max_payload: 1055 };
  const published: number[] = [];
  const { connection, headers } = clientWith({
    publish: (_subject, data) => void published.push(data!.length),
  });
  const changing = {
    ...connection,
    get info() {
      return info;
    },
  };
  await using running = bridge({ connection: changing, headers }, [{ from: ring, subject: "a" }]);
  const send = async (length: number) => {
    const { taken } = running.stats[0]!;
    await sender.send(new Uint8Array(length));
    await until("it is taken", () => running.stats[0]!.taken === taken + 1);
  };
  await send(1000);
  info = undefined;
  await send(999);
  info = { max_payload: 555 };
  await send(500);
  await send(501);
  await until("all are confirmed", () => running.stats[0]!.pending === 0);
  assertEquals(published, [1000, 999, 500]);
  const [{ state, delivered, tooLong }] = running.stats as [RouteStats];
  assertEquals([state, delivered, tooLong], ["running", 3, 1]);
});

Deno.test("A bridge that is closed while its ring fills all the time ends at once", async () => {
  using ring = RingChannel.anonymous();
  using sender = ring.sender();
  let isOver = false;
  const flow = (async () => {
    for (let i = 0; !isOver; i++) await sender.send(numbered(i), { timeout: 10_000 });
  })().catch(() => {});
  const running = bridge(standIn(), [{ from: ring, subject: "lines" }]);
  await until("the flow has begun", () => running.stats[0]!.delivered > 5000);
  const begin = performance.now();
  await running[Symbol.asyncDispose]();
  assert(performance.now() - begin < 2500);
  isOver = true;
  sender.close();
  await flow;
  assertEquals(running.stats[0]!.state, "ended");
});

Deno.test("A closed bridge does not wait for ever for a server that does not answer", async () => {
  using back = RingChannel.anonymous();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const nats = clientWith({
    closed: () => closed,
    subscribe: () => ({
      closed: new Promise(() => {}),
      unsubscribe() {},
      drain: () => new Promise(() => {}),
    }),
  });
  const running = bridge(nats, [{ subject: "lines", to: back }]);
  const over = running[Symbol.asyncDispose]();
  close();
  await within("the bridge ends", over, 2000);
  assertEquals(running.stats[0]!.state, "failed");
  await assertRejects(() => running.closed, Deno.errors.BadResource);
  back.sender().close();
});

Deno.test("Messages that are all too long do not keep a script from its other work", async () => {
  const most = 50_000;
  const stream = { stream: "lines", inFlight: 10 };
  for (const delivery of ["atMostOnce", stream] as const) {
    let yielded = 0;
    const long = async function* () {
      while (yielded < most) yield new Uint8Array(100 + yielded++ % 2);
    };
    const nats = { ...standIn(100), jetstream: streamsWith("lines") };
    const running = bridge(nats, [
      { from: long(), subject: "lines", delivery, tooLong: "drop" },
    ]);
    await until("the route has dropped some", () => running.stats[0]!.tooLong > 0);
    await running[Symbol.asyncDispose]();
    assert(yielded < most, `${yielded} messages of ${JSON.stringify(delivery)}`);
    assertEquals(running.stats[0]!.pending, 0);
  }
});

Deno.test("A connection does not keep the bridges that are over", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const nats = standIn();
  async function useBridge(): Promise<WeakRef<object>> {
    const running = bridge(nats, []);
    await running.closed;
    return new WeakRef(running);
  }
  const over = await useBridge();
  await until("the bridge is collected", () => {
    collect();
    return over.deref() === undefined;
  });
});

Deno.test("A source that fails at its end does not hide why another route is refused", async () => {
  const failed = Promise.withResolvers<void>();
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return() {
        queueMicrotask(failed.resolve);
        return Promise.reject(new Error("It cannot end"));
      },
    }),
  };
  // The second route is missing.
  const routes = Object.assign(new Array<Route>(2), [{ from: source, subject: "lines" }]);
  assertThrows(() => bridge(standIn(), routes), TypeError, "a route to be an object");
  await failed.promise;
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("onError may throw, and may be asynchronous: the other routes go on", async () => {
  using ring = RingChannel.anonymous();
  using other = RingChannel.anonymous();
  const nats = clientWith({
    publish(subject) {
      if (subject === "bad") throw new Error("refused");
    },
  });
  const onError = () => Promise.reject(new Error("ignored"));
  await using running = bridge(nats, [
    { from: ring, subject: "bad" },
    { from: other, subject: "good" },
  ], { onError });
  for (const channel of [ring, other]) {
    using sender = channel.sender();
    await sender.send(numbered(1));
  }
  await until("both are over", () => running.stats.every(({ state }) => state !== "running"));
  assertEquals(running.stats.map(({ state }) => state), ["failed", "ended"]);
});

Deno.test("Bridges leave no handle open, however their routes end", async () => {
  using ring = RingChannel.anonymous();
  using back = RingChannel.anonymous();
  const failing = clientWith({
    subscribe() {
      throw new Error("refused");
    },
  });
  await assertLeavesNoHandle(10, async () => {
    for (const nats of [standIn(), failing]) {
      const running = bridge(nats, [
        { from: ring, subject: "lines" },
        { subject: "lines", to: back },
      ]);
      await running[Symbol.asyncDispose]();
    }
  });
  ring.receiver().close();
  back.sender().close();
});

Deno.test("An iterable whose return() never settles does not hold a route that has failed", async () => {
  const from = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false as const, value: Uint8Array.of(1) }),
      return: () => new Promise<never>(() => {}),
    }),
  };
  const publish = () => {
    throw new Error("no room");
  };
  const running = bridge(clientWith({ publish }), [{ from, subject: "lines" }]);
  await within("the bridge ends", running.closed.catch(() => {}), 4000);
  assertEquals(running.stats[0]!.state, "failed");
});

// Task: test:bridge

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { bridge, type RouteStats } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { struct } from "../../mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";
import { numbered, numberOf, until } from "./numbered.ts";

const TIME = { timeout: 10_000 * SLOWNESS };

/** Runs a test with a server and a connection of its own. */
async function withServer(
  run: (
    nats: { connection: NatsConnection; headers: typeof headers },
    server: NatsServer,
  ) => Promise<void>,
  config: readonly string[] = [],
): Promise<void> {
  await using server = await NatsServer.start({ config });
  const options = { servers: server.address, reconnectTimeWait: 50, maxReconnectAttempts: -1 };
  const connection = await connect(options);
  try {
    await run({ connection, headers }, server);
  } finally {
    await connection.close();
  }
}

/** Asserts that nobody has a place of a ring. */
function assertFree(...rings: RingChannel[]): void {
  for (const ring of rings) {
    ring.sender().close();
    ring.receiver().close();
  }
}

Deno.test("bridge() carries the messages of a ring to another ring, and counts them", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous();
    using back = RingChannel.anonymous();
    using sender = out.sender();
    using receiver = back.receiver();
    {
      await using running = bridge(nats, [
        { subject: "lines", to: back },
        { from: out, subject: "lines" },
      ]);
      await nats.connection.flush();
      for (let i = 0; i < 5000; i++) await sender.send(numbered(i));
      for (let i = 0; i < 5000; i++) assertEquals(numberOf((await receiver.receive(TIME))!), i);
      await until("all is confirmed", () => running.stats[1]!.delivered === 5000);
      const expected = {
        state: "running",
        taken: 5000,
        delivered: 5000,
        bytes: 40_000,
        pending: 0,
        lost: 0,
        tooLong: 0,
        duplicates: 0,
        retries: 0,
      } as const;
      assertEquals(running.stats, [
        { route: "lines => anonymous ring", ...expected },
        { route: "anonymous ring => lines", ...expected },
      ]);
    }
    sender.close();
    receiver.close();
    assertFree(out, back);
  }));

Deno.test("A bridge carries structs as their bytes, also among rings with a layout", () =>
  withServer(async (nats) => {
    const Trade = struct({ price: "f64", size: "u32" });
    using out = RingChannel.anonymous({ message: Trade });
    using back = RingChannel.anonymous({ message: Trade });
    using sender = out.sender();
    using receiver = back.receiver();
    await using _ = bridge(nats, [
      { subject: "trades.*", to: back },
      { from: out, subject: "trades.eur" },
    ]);
    await nats.connection.flush();
    await sender.write({ price: 1.5, size: 10 });
    assertEquals(await receiver.receive(TIME), { price: 1.5, size: 10 });
  }));

Deno.test("A bridge that is closed publishes what it has taken, and the ring keeps the rest", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous();
    using sender = out.sender();
    const arrived: number[] = [];
    nats.connection.subscribe("lines", {
      callback: (_, { data }) => void arrived.push(numberOf(data)),
    });
    let running;
    {
      await using closing = bridge(nats, [{ from: out, subject: "lines" }]);
      running = closing;
      for (let i = 0; i < 3000; i++) sender.trySend(numbered(i));
      sender.flush();
      await until("some are taken", () => closing.stats[0]!.taken > 0);
    }
    await running.closed;
    const [{ state, taken, delivered, pending }] = running.stats as [RouteStats];
    assertEquals({ state, delivered, pending }, { state: "ended", delivered: taken, pending: 0 });
    await nats.connection.flush();
    using receiver = out.receiver();
    for (let rest; (rest = receiver.tryReceive()) !== undefined;) arrived.push(numberOf(rest));
    assertEquals(arrived, Array.from({ length: 3000 }, (_, index) => index));
  }));

Deno.test("A bridge that is closed passes on what has arrived, and then ends the ring", () =>
  withServer(async (nats) => {
    using back = RingChannel.anonymous({ capacity: 1024 });
    using receiver = back.receiver();
    const running = bridge(nats, [{ subject: "lines", to: back }]);
    for (let i = 0; i < 500; i++) nats.connection.publish("lines", numbered(i));
    await nats.connection.flush();
    await until("all have arrived", () => running.stats[0]!.taken === 500);
    assert(running.stats[0]!.pending > 0, "the ring is too small for all of them");
    const closed = running[Symbol.asyncDispose]();
    const received: number[] = [];
    for await (const message of receiver) received.push(numberOf(message));
    assertEquals(received, Array.from({ length: 500 }, (_, index) => index));
    await closed;
    await running.closed;
    const [{ state, delivered, pending, lost }] = running.stats as [RouteStats];
    assertEquals([state, delivered, pending, lost], ["ended", 500, 0, 0]);
  }));

Deno.test("A bridge gives up after 5 s if the server is away or a sink is full", () =>
  withServer(async (nats, server) => {
    using full = RingChannel.anonymous({ capacity: 1024 });
    using receiver = full.receiver();
    using out = RingChannel.anonymous();
    using sender = out.sender();
    const running = bridge(nats, [
      { subject: "lines", to: full },
      { from: out, subject: "other" },
    ]);
    for (let i = 0; i < 500; i++) nats.connection.publish("lines", numbered(i));
    await until("all have arrived", () => running.stats[0]!.taken === 500);
    const { delivered } = running.stats[0]!;
    await server.kill();
    for (let i = 0; i < 5000; i++) await sender.send(numbered(i));
    const begin = performance.now();
    await within("the bridge gives up", running[Symbol.asyncDispose](), 20_000);
    assert(performance.now() - begin > 4900);
    await assertRejects(() => running.closed, Deno.errors.TimedOut, "closed after 5000 ms");
    const [first] = running.stats as [RouteStats];
    assertInstanceOf(first.error, Deno.errors.TimedOut);
    assertEquals(
      [first.state, first.delivered, first.lost, first.pending],
      ["failed", delivered, 500 - delivered, 0],
    );
    sender.close();
    receiver.close();
    assertFree(full, out);
  }));

Deno.test("After a server's restart, what arrives and what is counted as lost is all that was sent", () =>
  withServer(async (nats, server) => {
    const [out, back] = [RingChannel.anonymous(), RingChannel.anonymous({ capacity: 2 ** 22 })];
    using sender = out.sender();
    using receiver = back.receiver();
    const running = bridge(nats, [
      { subject: "lines", to: back },
      { from: out, subject: "lines" },
    ]);
    await nats.connection.flush();
    let sent = 0;
    let isFlowing = true;
    const flow = (async () => {
      while (isFlowing) {
        for (let i = 0; i < 20; i++) await sender.send(numbered(sent++));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await until("the flow has begun", () => running.stats[0]!.delivered > 500);
    for (let round = 0; round < 2; round++) {
      await server.kill();
      const { taken } = running.stats[1]!;
      const before = sent;
      await until("the ring fills", () => sent > before + 3000);
      assert(running.stats[1]!.taken - taken <= 2048, "publishing stops while the server is away");
      await server.restart();
      const { delivered } = running.stats[0]!;
      await until("the flow goes on", () => running.stats[0]!.delivered > delivered + 500);
    }
    isFlowing = false;
    await flow;
    await until("the end arrives", () => {
      const [{ delivered, lost }] = running.stats as [RouteStats];
      return delivered + lost === sent;
    });
    const received: number[] = [];
    for (let m; (m = receiver.tryReceive()) !== undefined;) received.push(numberOf(m));
    const [incoming, outgoing] = running.stats as [RouteStats, RouteStats];
    assertEquals(received.length + incoming.lost, sent);
    assert(received.every((number, index) => index === 0 || number > received[index - 1]!));
    assertEquals(received.at(-1), sent - 1);
    assertEquals([incoming.duplicates, outgoing.taken], [0, sent]);
    await running[Symbol.asyncDispose]();
    await running.closed;
    sender.close();
    receiver.close();
    assertFree(out, back);
    out.close();
    back.close();
  }));

Deno.test("While the server is away, the policy of the full ring rules, and its drops are lost", () =>
  withServer(async (nats, server) => {
    using out = RingChannel.anonymous({ capacity: 1024, whenFull: "drop" });
    using sender = out.sender();
    await using running = bridge(nats, [{ from: out, subject: "lines" }]);
    await server.kill();
    let dropped = 0;
    while (dropped < 100) {
      if (!await sender.send(numbered(0))) dropped++;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals(running.stats[0]!.lost, 100);
    await server.restart();
  }));

Deno.test("A bridge whose connection is closed by the script fails, and leaves no place taken", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous();
    using back = RingChannel.anonymous();
    const errors: unknown[] = [];
    const running = bridge(nats, [
      { subject: "lines", to: back },
      { from: out, subject: "lines" },
    ], { onError: (error) => errors.push(error) });
    await nats.connection.close();
    await assertRejects(() => within("the bridge ends", running.closed), Error, "clos");
    assertEquals(running.stats.map(({ state }) => state), ["failed", "failed"]);
    assertEquals(errors.length, 2);
    assertFree(out, back);
    await running[Symbol.asyncDispose]();
  }));

Deno.test("The signal closes a bridge, whose promise rejects with the reason", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous();
    using back = RingChannel.anonymous();
    const controller = new AbortController();
    const running = bridge(nats, [
      { subject: "lines", to: back },
      { from: out, subject: "lines" },
    ], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await assertRejects(() => within("the bridge ends", running.closed), Error, "enough");
    assertEquals(running.stats.map(({ state }) => state), ["ended", "ended"]);
    assertFree(out, back);
  }));

Deno.test("A route ends with its source's sender, and fails with its sink's receiver, alone", () =>
  withServer(async (nats) => {
    using ending = RingChannel.anonymous();
    using broken = RingChannel.anonymous();
    using back = RingChannel.anonymous();
    using receiver = back.receiver();
    const brokenReceiver = broken.receiver();
    const errors: string[] = [];
    await using running = bridge(nats, [
      { subject: "lines", to: broken },
      { subject: "lines", to: back },
      { from: ending, subject: "lines" },
    ], { onError: (_, { route }) => errors.push(route) });
    await nats.connection.flush();
    const sender = ending.sender();
    await sender.send(numbered(1));
    assertEquals(numberOf((await receiver.receive(TIME))!), 1);
    brokenReceiver.close();
    await sender.send(numbered(2));
    assertEquals(numberOf((await receiver.receive(TIME))!), 2);
    await until("the route fails", () => running.stats[0]!.state === "failed");
    sender.close();
    await until("the route ends", () => running.stats[2]!.state === "ended");
    assertEquals(running.stats.map(({ state }) => state), ["failed", "running", "ended"]);
    assertInstanceOf(running.stats[0]!.error, Deno.errors.BrokenPipe);
    assertEquals(errors, ["lines => anonymous ring"]);
    assertEquals(running.stats[0]!.lost, 1);
    assertFree(broken, ending);
    nats.connection.publish("lines", numbered(3));
    assertEquals(numberOf((await receiver.receive(TIME))!), 3);
  }));

Deno.test("Messages for a sink that stays full wait in a bounded queue, and are then lost", () =>
  withServer(async (nats) => {
    using back = RingChannel.anonymous({ capacity: 1024 });
    using receiver = back.receiver();
    const running = bridge(nats, [{ subject: "lines", to: back }]);
    const count = 12_000;
    for (let i = 0; i < count; i++) {
      nats.connection.publish("lines", numbered(i));
      if (i % 1000 === 0) await nats.connection.flush();
    }
    await until("all have arrived", () => running.stats[0]!.taken === count);
    const { delivered, pending, lost } = running.stats[0]!;
    assertEquals(pending, 8192);
    assertEquals(delivered + pending + lost, count);
    const closed = running[Symbol.asyncDispose]();
    const received = await Array.fromAsync(receiver, numberOf);
    await closed;
    // The first ones are whole, because those that come last find no room.
    assertEquals(received, Array.from({ length: count - lost }, (_, index) => index));
  }));

Deno.test("Long messages fill the queue of a full sink by their bytes", () =>
  withServer(async (nats) => {
    using back = RingChannel.anonymous({ capacity: 2 ** 18 });
    using receiver = back.receiver();
    await using running = bridge(nats, [{ subject: "lines", to: back }]);
    const count = 100;
    for (let i = 0; i < count; i++) nats.connection.publish("lines", new Uint8Array(100_000));
    await nats.connection.flush();
    await until("all have arrived", () => running.stats[0]!.taken === count);
    const { delivered, pending, lost } = running.stats[0]!;
    assertEquals([pending, delivered + pending + lost], [42, count]);
    const drained = (async () => {
      for (let i = 0; i < count - lost; i++) await receiver.receive(TIME);
    })();
    await drained;
  }));

Deno.test("A ring that drops or fails when it is full loses messages, and its route goes on", () =>
  withServer(async (nats) => {
    using drop = RingChannel.anonymous({ capacity: 1024, whenFull: "drop" });
    using fail = RingChannel.anonymous({ capacity: 1024, whenFull: "fail" });
    using dropped = drop.receiver();
    using failed = fail.receiver();
    await using running = bridge(nats, [
      { subject: "lines", to: drop },
      { subject: "lines", to: fail },
    ]);
    for (let i = 0; i < 500; i++) nats.connection.publish("lines", numbered(i));
    await until(
      "all are counted",
      () => running.stats.every(({ delivered, lost }) => delivered + lost === 500),
    );
    for (const { state, lost } of running.stats) {
      assertEquals([state, lost > 400], ["running", true]);
    }
    for (const receiver of [dropped, failed]) {
      assertEquals(numberOf((await receiver.receive(TIME))!), 0);
    }
  }));

Deno.test("Messages that are too long are counted and dropped whole, at both ends", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous({ maxMessageLength: 2000 });
    using back = RingChannel.anonymous({ maxMessageLength: 100 });
    using sender = out.sender();
    using receiver = back.receiver();
    await using running = bridge(nats, [
      { subject: "lines", to: back },
      { from: out, subject: "lines", tooLong: "drop" },
    ]);
    await nats.connection.flush();
    for (const length of [10, 2000, 945, 946, 100, 101, 20]) {
      await sender.send(new Uint8Array(length));
    }
    const lengths: number[] = [];
    for (let i = 0; i < 3; i++) lengths.push((await receiver.receive(TIME))!.length);
    assertEquals(lengths, [10, 100, 20]);
    await until("all are confirmed", () => running.stats[1]!.pending === 0);
    const [incoming, outgoing] = running.stats as [RouteStats, RouteStats];
    assertEquals([outgoing.taken, outgoing.delivered, outgoing.tooLong], [7, 5, 2]);
    assertEquals([incoming.taken, incoming.delivered, incoming.tooLong], [5, 3, 2]);
    // The numbers of the two that were dropped are missing at this end.
    assertEquals(incoming.lost, 2);
  }, ["max_payload: 1000"]));

Deno.test("A server that denies a subject fails the route that publishes, and others go on", () =>
  withServer(async (nats) => {
    using out = RingChannel.anonymous();
    using other = RingChannel.anonymous();
    using sender = out.sender();
    const running = bridge(nats, [
      { from: out, subject: "secret" },
      { from: other, subject: "lines" },
    ]);
    await sender.send(new Uint8Array(1));
    await until("the route fails", () => running.stats[0]!.state === "failed");
    assertEquals(running.stats[1]!.state, "running");
    await running[Symbol.asyncDispose]().catch(() => {});
    const error = await assertRejects(
      () => running.closed,
      Deno.errors.PermissionDenied,
      'Cannot publish on "secret": ',
    );
    assertInstanceOf(error.cause, Error);

    // The source ends before the server has answered.
    const short = bridge(nats, [{ from: oneMessage(), subject: "secret" }]);
    await assertRejects(() => short.closed, Deno.errors.PermissionDenied, "let the server's user");
  }, [
    "authorization { users: [{ user: u, password: p, permissions: { publish: { deny: secret } } }] }",
    "no_auth_user: u",
  ]));

async function* oneMessage(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

Deno.test("A server that denies a subscription fails its route, with the subject in the error", () =>
  withServer(async (nats) => {
    using back = RingChannel.anonymous();
    const running = bridge(nats, [{ subject: "secret", to: back }]);
    const error = await assertRejects(
      () => within("the route fails", running.closed),
      Deno.errors.PermissionDenied,
      'The subscription to "secret" has ended: ',
    );
    assertInstanceOf(error.cause, Error);
    assertFree(back);
  }, [
    "authorization { users: [{ user: u, password: p, permissions: { subscribe: { deny: secret } } }] }",
    "no_auth_user: u",
  ]));

// Task: test:bridge
//
// Processes that end in the middle: a bridge at most once, and the scripts at both ends of bridges.

import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { bridge, type Route, type RouteStats } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { Peer } from "../support/peer.ts";
import { type PeerPath, peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { closing, messageOf, numberIn, TestStream } from "../support/test_stream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";

const FLAGS = ["run", "--no-prompt", "--no-check", "--allow-ffi", "--allow-net", "--allow-env"];

function start(script: PeerPath, ...args: string[]): Promise<Peer> {
  return Peer.startProgram(Deno.execPath(), ...FLAGS, peerUrl(script).href, ...args);
}

/** Returns the names of the rings of `start()`, and the rings. */
function openRings() {
  const [out, back] = [randomName(), randomName()];
  const settings = { producers: "multiple", endsWithLastSender: false } as const;
  const rings = [RingChannel.create(out), RingChannel.create(back, settings)] as const;
  return { names: [out, back] as const, rings };
}

/** Sends numbers until the returned function is called. It returns the count of all. */
function flow(send: (message: Uint8Array) => Promise<unknown>): () => Promise<number> {
  let isOver = false;
  let sent = 0;
  const sending = (async () => {
    while (!isOver) {
      try {
        for (let i = 0; i < 200; i++) {
          await send(messageOf(sent));
          sent++;
        }
      } catch (error) {
        // No bridge receives from the ring now.
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return sent;
  })();
  sending.catch(() => {});
  return () => {
    isOver = true;
    return sending;
  };
}

/** Receives until the ring ends or the receiver is closed. Returns the numbers so far, also later. */
function receiveAll(receiver: AsyncIterable<Uint8Array>): readonly number[] {
  const numbers: number[] = [];
  const receiving = async () => {
    for await (const message of receiver) numbers.push(numberIn(message));
  };
  // The numbers that do not come fail the test.
  receiving().catch(() => {});
  return numbers;
}

/** Fails unless no number comes twice or too late. */
function assertRising(numbers: readonly number[]): void {
  const wrong = numbers.findIndex((number, index) => index > 0 && number <= numbers[index - 1]!);
  assert(wrong === -1, `${numbers[wrong]} came after ${numbers[wrong - 1]}`);
}

async function withConnection(run: (connection: NatsConnection, address: string) => Promise<void>) {
  await using server = await NatsServer.start();
  const connection = await connect({ servers: server.address });
  await using _ = closing(connection);
  await run(connection, server.address);
}

Deno.test("Killed bridges at most once publish nothing twice, and what they lose is counted", () =>
  withConnection(async (connection, address) => {
    const { names: [out], rings: [from, to] } = openRings();
    using _from = from;
    using _to = to;
    using receiver = to.receiver();
    await using running = bridge({ connection, headers }, [{ subject: "lines", to }]);
    await connection.flush();
    using sender = from.sender();
    const end = flow((message) => sender.send(message));
    const numbers = receiveAll(receiver);
    for (let round = 0; round < 2; round++) {
      const before = numbers.length;
      await using killed = await start("bridge/peers/one_way.ts", address, "out", out, "lines");
      await until(() => numbers.length > before + 1000);
      killed.kill();
      await killed.gone();
    }
    await using _next = bridge({ connection, headers }, [{ from, subject: "lines" }]);
    const sent = await end();
    await until(() => numbers.at(-1) === sent - 1);
    assertRising(numbers);
    const { lost, duplicates } = running.stats[0]!;
    assertEquals([numbers.length + lost, duplicates], [sent, 0]);
  }));

Deno.test("A ring gets nothing twice if its bridge at most once is killed, and the next one goes on", () =>
  withConnection(async (connection, address) => {
    const { names: [, back], rings: [from, to] } = openRings();
    using _from = from;
    using _to = to;
    using receiver = to.receiver();
    using sender = from.sender();
    const numbers = receiveAll(receiver);
    await using killed = await start("bridge/peers/one_way.ts", address, "in", back, "lines");
    await using _ = bridge({ connection, headers }, [{ from, subject: "lines" }]);
    const end = flow((message) => sender.send(message));
    await until(() => numbers.length > 1000);
    killed.kill();
    await killed.gone();
    await using next = bridge({ connection, headers }, [{ subject: "lines", to }]);
    await until(() => next.stats[0]!.delivered > 1000);
    const sent = await end();
    await until(() => numbers.at(-1) === sent - 1);
    assertRising(numbers);
    // Nothing is lost while a bridge is there.
    assertEquals(next.stats[0]!.lost, 0);
  }));

Deno.test("If the scripts at both ends are killed, what they have sent arrives, and each route says so", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const { subject, name } = stream;
  const deliveries: ((from: RingChannel, to: RingChannel) => Route[])[] = [
    (from, to) => [{ subject: "lines", to }, { from, subject: "lines" }],
    (from, to) => [
      { subject, durable: "desk", to },
      { from, subject, delivery: { stream: name } },
    ],
  ];
  await Promise.all(deliveries.map(async (routes) => {
    const { names, rings: [from, to] } = openRings();
    using _from = from;
    using _to = to;
    await using running = bridge(stream, routes(from, to));
    await stream.connection.flush();
    await using scripts = await start("bridge/peers/ring_ends.ts", ...names, "200", "200");
    assertEquals(await scripts.nextLine(), "exchanged");
    scripts.kill();
    await scripts.gone();
    await until(() => running.stats[1]!.state !== "running");
    // The sink's route sees it when the next message comes.
    const [incoming, outgoing] = running.stats as [RouteStats, RouteStats];
    assertInstanceOf(outgoing.error, Deno.errors.ConnectionReset);
    assertEquals([outgoing.delivered, outgoing.pending, outgoing.lost], [200, 0, 0]);
    assertEquals([incoming.state, incoming.delivered, incoming.lost], ["running", 200, 0]);
    const { subject } = routes(from, to)[0] as { subject: string };
    // A message that comes before this process has seen the end is kept for the next receiver.
    await until(() => {
      stream.connection.publish(subject, messageOf(200));
      return running.stats.every(({ state }) => state === "failed");
    });
    const failure = await within("both fail", running.closed.catch((error) => error));
    assertInstanceOf(failure, Deno.errors.BrokenPipe);
    // Both places are free for the next bridge, and the next scripts.
    from.receiver().close();
    to.sender().close();
  }));
});

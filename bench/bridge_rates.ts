/**
 * Compares the rate of messages from a ring through a NATS server to another ring with the rate of
 * the bare client, which publishes and subscribes. All ends are in one process; the server is
 * another one. Both take turns, and the medians are printed.
 *
 *     deno run -A bench/bridge_rates.ts
 *
 * @module
 */

import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import process from "node:process";
import { bridge } from "../src/bridge/mod.ts";
import { RingChannel } from "../src/channel/mod.ts";
import { NatsServer } from "../tests/support/nats_server.ts";

/** The rate in messages per second, and the time of the processor per message in microseconds. */
interface Rate {
  readonly rate: number;
  readonly processor: number;
}

/** Message sizes in bytes, and the number of messages of each round. */
const CASES = [[64, 60_000], [4096, 15_000]] as const;
const ROUNDS = 7;
/** Large enough for a burst: both ends are in this process, and cannot run at the same time. */
const RING = { capacity: 2 ** 23, maxMessageLength: 65_536 };

/** Measures a function that sends a number of messages, and waits for them. */
async function measure(count: number, run: () => Promise<void>): Promise<Rate> {
  const used = process.cpuUsage();
  const begin = performance.now();
  await run();
  const { user, system } = process.cpuUsage(used);
  return {
    rate: count / (performance.now() - begin) * 1000,
    processor: (user + system) / count,
  };
}

async function bare(
  [from, to]: readonly [NatsConnection, NatsConnection],
  [size, count]: readonly [number, number],
): Promise<Rate> {
  const message = new Uint8Array(size);
  const all = Promise.withResolvers<void>();
  let arrived = 0;
  const subscription = to.subscribe("bare", {
    callback() {
      if (++arrived === count) all.resolve();
    },
  });
  await to.flush();
  const rate = await measure(count, async () => {
    const flushes: Promise<void>[] = [];
    for (let i = 1; i <= count; i++) {
      from.publish("bare", message);
      if (i % 256 !== 0) continue;
      flushes.push(from.flush());
      if (flushes.length > 3) await flushes.shift();
    }
    await from.flush();
    await all.promise;
  });
  subscription.unsubscribe();
  return rate;
}

async function bridged(
  [from, to]: readonly [NatsConnection, NatsConnection],
  [size, count]: readonly [number, number],
): Promise<Rate> {
  using out = RingChannel.anonymous(RING);
  using back = RingChannel.anonymous(RING);
  using sender = out.sender();
  using receiver = back.receiver();
  await using _in = bridge({ connection: to, headers }, [{ subject: "bridged", to: back }]);
  await to.flush();
  await using _out = bridge({ connection: from, headers }, [{ from: out, subject: "bridged" }]);
  const message = new Uint8Array(size);
  const receive = async () => {
    for (let arrived = 0; arrived < count;) {
      await receiver.waitForMessage({ timeout: 30_000 });
      arrived += receiver.read(() => {});
    }
  };
  return await measure(count, async () => {
    const received = receive();
    for (let i = 1; i <= count; i++) {
      const sent = sender.send(message);
      if (i % 100 === 0) await sent;
    }
    await received;
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

await using server = await NatsServer.start();
const connections = [
  await connect({ servers: server.address }),
  await connect({ servers: server.address }),
] as const;
for (const sizes of CASES) {
  const rounds: { bare: Rate; bridged: Rate }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({
      bare: await bare(connections, sizes),
      bridged: await bridged(connections, sizes),
    });
  }
  for (const key of ["rate", "processor"] as const) {
    const [bareMedian, bridgedMedian] = (["bare", "bridged"] as const)
      .map((kind) => median(rounds.map((round) => round[kind][key])));
    console.log(
      `${sizes[0]} bytes, ${key}: bare ${bareMedian!.toFixed(1)}, bridged ` +
        `${bridgedMedian!.toFixed(1)}, ratio ${(bridgedMedian! / bareMedian!).toFixed(2)}`,
    );
  }
}
for (const connection of connections) await connection.close();

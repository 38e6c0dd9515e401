/**
 * Compares the rate of messages from a ring through a NATS server to another ring with the rate of
 * the bare client, which publishes and subscribes. And with the rate of the client that writes and
 * reads only the headers of a bridge, in the fast way of a bridge. All ends are in one process; the
 * server is another one. They take turns, and the medians are printed.
 *
 *     deno run -A bench/bridge_rates.ts
 *
 * @module
 */

import { connect, headers } from "@nats-io/transport-node";
import process from "node:process";
import { ArrivalOrder } from "../src/bridge/header.ts";
import { OriginReader } from "../src/bridge/in/origin_reader.ts";
import { bridge, type NatsConnection } from "../src/bridge/mod.ts";
import { OriginWriter } from "../src/bridge/out/origin_writer.ts";
import { RouteCounts } from "../src/bridge/stats.ts";
import { RingChannel } from "../src/channel/mod.ts";
import { NatsServer } from "../tests/support/nats_server.ts";

/** The rate in messages per second, and the time of the processor per message in microseconds. */
interface Rate {
  readonly rate: number;
  readonly processor: number;
}

/** Sends and receives a number of messages, and measures that. */
type Way = (size: number, count: number) => Promise<Rate>;
type Connections = readonly [NatsConnection, NatsConnection];

/** Message sizes in bytes, and the number of messages of each round. */
const CASES = [[64, 60_000], [4096, 15_000]] as const;
const ROUNDS = 11;
/** The ends send this many messages, or this many bytes, before they let each other run. */
const BURST = { messages: 1024, bytes: 1_048_576 };
/** Large enough for a burst and for what is on its way: both ends are in this process. */
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

/** The client alone, without headers or with those of a bridge. */
function client([from, to]: Connections, { hasHeaders }: { hasHeaders: boolean }): Way {
  return async (size, count) => {
    const message = new Uint8Array(size);
    const writer = new OriginWriter({ headers }, "0123456789abcdef");
    const reader = new OriginReader();
    const order = new ArrivalOrder(new RouteCounts());
    const all = Promise.withResolvers<void>();
    let arrived = 0;
    const subscription = to.subscribe("client", {
      callback(_error, message) {
        if (hasHeaders) order.noteOrigin(reader.read(message));
        if (++arrived === count) all.resolve();
      },
    });
    await to.flush();
    const rate = await measure(count, async () => {
      const flushes: Promise<void>[] = [];
      for (let i = 1; i <= count; i++) {
        from.publish("client", message, hasHeaders ? { headers: writer.at(i) } : undefined);
        if (i % 256 !== 0) continue;
        flushes.push(from.flush());
        if (flushes.length > 3) await flushes.shift();
      }
      await from.flush();
      await all.promise;
    });
    subscription.unsubscribe();
    return rate;
  };
}

/** A ring, a route to a subject, a route from it, and a ring. All rounds share them. */
async function bridged([from, to]: Connections, stack: AsyncDisposableStack): Promise<Way> {
  const [out, back] = [1, 2].map(() => stack.use(RingChannel.anonymous(RING)));
  const sender = stack.use(out!.sender());
  const receiver = stack.use(back!.receiver());
  stack.use(bridge({ connection: to, headers }, [{ subject: "bridged", to: back! }]));
  await to.flush();
  stack.use(bridge({ connection: from, headers }, [{ from: out!, subject: "bridged" }]));
  return async (size, count) => {
    const message = new Uint8Array(size);
    const burst = Math.min(BURST.messages, BURST.bytes / size);
    const receive = async () => {
      for (let arrived = 0; arrived < count;) {
        await receiver.waitForMessage({ timeout: 30_000 });
        arrived += receiver.read(() => {});
      }
    };
    return await measure(count, async () => {
      const received = receive();
      for (let i = 1; i <= count; i++) {
        if (!sender.trySend(message)) await sender.send(message);
        if (i % burst !== 0) continue;
        sender.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      sender.flush();
      await received;
    });
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

await using server = await NatsServer.start();
await using stack = new AsyncDisposableStack();
const open = async () => {
  const connection = await connect({ servers: server.address });
  stack.defer(() => connection.close());
  return connection;
};
const connections = [await open(), await open()] as const;
const ways: Record<string, Way> = {
  "client": client(connections, { hasHeaders: false }),
  "client with headers": client(connections, { hasHeaders: true }),
  "ring, bridges, ring": await bridged(connections, stack),
};
for (const [size, count] of CASES) {
  const rates = new Map<string, Rate[]>(Object.keys(ways).map((name) => [name, []]));
  // The first round only warms up: it touches the memory of the rings for the first time.
  for (let round = 0; round <= ROUNDS; round++) {
    const turns = Object.entries(ways);
    for (const [name, run] of round % 2 === 0 ? turns : turns.toReversed()) {
      const rate = await run(size, count);
      if (round > 0) rates.get(name)!.push(rate);
    }
  }
  console.log(`${size} bytes`);
  let first: number | undefined;
  for (const [name, found] of rates) {
    const rate = median(found.map(({ rate }) => rate));
    const processor = median(found.map(({ processor }) => processor));
    first ??= rate;
    const columns = [
      `${Math.round(rate).toLocaleString("en").padStart(10)}/s`,
      `${(rate / first).toFixed(2)} of the client`,
      `${processor.toFixed(1).padStart(5)} µs of this process`,
    ];
    console.log(`${columns.join("   ")}   ${name}`);
  }
}

/**
 * One end of routes over a NATS server. Arguments: `ADDRESS NAME near|far PROCESSORS`. Each line of
 * the standard input is a task: `WAY BYTES COUNT`. The near end sends, and measures the time until
 * the far end has all messages. It answers `0 NANOSECONDS`: the time of a message, and for a growth
 * its memory in bytes.
 *
 * - `bare`: publish and subscribe, by the client alone. `bare-header` adds the header of a route.
 * - `bridge`: a ring, a route to a subject, a route from it, and a ring.
 * - `bare-acked`: publish to a stream with 256 unacknowledged messages, by the client alone.
 * - `stream`: a ring, and a route to a stream. The time ends when all messages are acknowledged.
 * - `bare-request`: a request and its answer, one at a time, by the client alone.
 * - `call`: the same by `Client.call()`.
 * - `growth-N`: as `bridge`, by N routes and N rings at each end, with COUNT messages in all.
 *
 * @module
 */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers } from "@nats-io/transport-node";
import { TextLineStream } from "@std/streams";
import { bridge, natsLink, natsLinks, type Route } from "../../src/bridge/mod.ts";
import { RingChannel, type RingReceiver, type RingSender } from "../../src/channel/mod.ts";
import { client, serve } from "../../src/rpc/mod.ts";
import { useProcessors } from "./this_process.ts";

/**
 * The capacity of all rings of a bridge in bytes. They hold all messages of a task, so that none is
 * lost.
 */
const CAPACITY = 8_388_608;
/** The number of unacknowledged messages. */
const IN_FLIGHT = 256;

interface Task {
  readonly byteLength: number;
  readonly count: number;
}

const [address, name, side, processors] = Deno.args as [string, string, "near" | "far", string];
useProcessors(BigInt(processors));
const connection = await connect({ servers: address });
const nats = { connection, headers, jetstream: jetstream(connection) };
const handlers = { echo: (bytes: Uint8Array) => bytes };
/** Messages without contents, by which the ends wait for each other. */
const signals = connection.subscribe(`${name}.signal.${side}`)[Symbol.asyncIterator]();
const work = side === "near" ? await openNear() : openFar();
await connection.flush();
console.log("ready");
for await (
  const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  console.log(await work(way, { byteLength: Number(byteLength), count: Number(count) }));
}

function signal(to: "near" | "far"): void {
  connection.publish(`${name}.signal.${to}`);
}

async function openNear(): Promise<(way: string, task: Task) => Promise<string>> {
  const one = openSenders(1, "bridge");
  const manager = await jetstreamManager(connection);
  const [bareStream, stream] = ["bare", "routed"].map((word) => `${name}-${word}`) as [
    string,
    string,
  ];
  for (const stored of [bareStream, stream]) {
    await manager.streams.add({ name: stored, subjects: [stored], storage: "memory" });
  }
  const storing = openSenders(1, "stream", stream);
  let stored = 0;
  const caller = client<typeof handlers>(await natsLink(nats, `${name}.call`));
  return async (way, { byteLength, count }) => {
    const message = new Uint8Array(byteLength).fill(85);
    const routes = routesOf(way);
    await using growth = routes === undefined ? undefined : openSenders(routes, "growth");
    signal("far");
    await signals.next();
    const begin = performance.now();
    if (way === "bare" || way === "bare-header") {
      for (let index = 0; index < count; index++) {
        connection.publish(
          `${name}.bare`,
          message,
          way === "bare" ? {} : {
            headers: headersAt(index),
          },
        );
      }
    } else if (way === "bridge") await sendAll(one.ends, message, count);
    else if (way === "bare-acked") {
      const waiting: Promise<unknown>[] = [];
      for (let index = 0; index < count; index++) {
        if (waiting.length >= IN_FLIGHT) await waiting.shift();
        waiting.push(nats.jetstream.publish(bareStream, message, { msgID: `${begin}-${index}` }));
      }
      await Promise.all(waiting);
    } else if (way === "stream") {
      stored += count;
      await sendAll(storing.ends, message, count);
      while (storing.running.stats[0]!.delivered < stored) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    } else if (way === "bare-request") {
      for (let index = 0; index < count; index++) {
        await connection.request(`${name}.request`, message, { timeout: 10_000 });
      }
    } else if (way === "call") {
      for (let index = 0; index < count; index++) await caller.call("echo", message);
    } else if (growth !== undefined) await sendAll(growth.ends, message, count);
    else throw new Error(`There is no way ${way}`);
    if (!["bare-acked", "stream", "bare-request", "call"].includes(way)) await signals.next();
    const time = 1e6 * (performance.now() - begin) / count;
    return growth === undefined ? `0 ${time}` : `0 ${time} ${Deno.memoryUsage().rss}`;
  };
}

function openFar(): (way: string, task: Task) => Promise<string> {
  const one = openReceivers(1, "bridge");
  serve(natsLinks(nats, `${name}.call`), handlers);
  connection.subscribe(`${name}.request`, {
    callback: (_, message) => void message.respond(message.data),
  });
  return async (way, { count }) => {
    const routes = routesOf(way);
    await using growth = routes === undefined ? undefined : openReceivers(routes, "growth");
    await signals.next();
    if (way === "bare" || way === "bare-header") {
      const { promise, resolve } = Promise.withResolvers<void>();
      let arrived = 0;
      const subscription = connection.subscribe(`${name}.bare`, {
        callback() {
          if (++arrived === count) resolve();
        },
      });
      await connection.flush();
      signal("near");
      await promise;
      subscription.unsubscribe();
      signal("near");
    } else {
      await connection.flush();
      signal("near");
      if (way === "bridge") await receiveAll(one.ends, count);
      else if (growth !== undefined) await receiveAll(growth.ends, count);
      else return "0";
      signal("near");
    }
    await connection.flush();
    return "0";
  };
}

/** Returns the number of routes in `growth-N`; `undefined` for another way. */
function routesOf(way: string): number | undefined {
  const routes = /^growth-(\d+)$/.exec(way)?.[1];
  return routes === undefined ? undefined : Number(routes);
}

/** The header that a route adds. */
function headersAt(index: number) {
  const origin = headers();
  origin.set("Winipc", `${name} ${index}`);
  return origin;
}

/** Rings whose messages a bridge takes. */
function openSenders(routes: number, subject: string, stream?: string) {
  return openRings(routes, (ring) => ring.sender(), (from, at) => ({
    from,
    subject: stream ?? `${name}.${subject}.${at}`,
    delivery: stream === undefined ? "atMostOnce" : { stream, inFlight: IN_FLIGHT },
    tooLong: "drop",
  }));
}

/** Rings to which a bridge brings messages. */
function openReceivers(routes: number, subject: string) {
  return openRings(routes, (ring) => ring.receiver(), (to, at) => ({
    to,
    subject: `${name}.${subject}.${at}`,
  }));
}

function openRings<End extends Disposable>(
  count: number,
  open: (ring: RingChannel) => End,
  routeOf: (ring: RingChannel, at: number) => Route,
) {
  const rings = new AsyncDisposableStack();
  const capacity = CAPACITY / count;
  const channels = Array.from(
    { length: count },
    () => rings.use(RingChannel.anonymous({ capacity })),
  );
  const running = rings.use(bridge(nats, channels.map(routeOf)));
  const ends = channels.map((ring) => rings.use(open(ring)));
  return { running, ends, [Symbol.asyncDispose]: () => rings.disposeAsync() };
}

/** Sends messages, one to each ring in turn. */
async function sendAll(
  senders: readonly RingSender[],
  message: Uint8Array,
  count: number,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const sender = senders[index % senders.length]!;
    if (!sender.trySend(message)) await sender.send(message);
  }
  for (const sender of senders) sender.flush();
}

/** Receives the messages of all rings. */
async function receiveAll(
  receivers: readonly RingReceiver[],
  count: number,
): Promise<void> {
  await Promise.all(receivers.map(async (receiver, at) => {
    const { length } = receivers;
    const own = Math.floor(count / length) + (at < count % length ? 1 : 0);
    for (let got = 0; got < own; got++) {
      if (receiver.tryReceive() === undefined) await receiver.receive();
    }
  }));
}

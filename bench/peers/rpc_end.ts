/**
 * One end of three connections by rings: bare values, requests of this library, and requests of
 * capnweb. Arguments: `NAME near|far PROCESSORS`. Each line of the standard input is a task: `WAY
 * BYTES COUNT`. The near end measures it, and answers `0 NANOSECONDS`.
 *
 * - `bare`: a value there and back, by `sendValue()` and `receiveValue()`.
 * - `call` and `capnweb`: a call with that value, which returns it.
 * - `calls` and `capnweb-calls`: the same, with 100 calls under way.
 * - `bare-items`, `items` and `capnweb-items`: a value to the near end, of many in a row.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { RpcSession, RpcTarget } from "capnweb";
import { connectRing, listenRing } from "../../src/channel/mod.ts";
import { client, ringLink, serve } from "../../src/rpc/mod.ts";
import { transportOver } from "../capnweb_transport.ts";
import { useProcessors } from "./this_process.ts";

/** Number of calls that are under way in `calls`. */
const TOGETHER = 100;

interface Payload {
  readonly id: number;
  readonly text: string;
}

interface Request {
  readonly count: number;
  readonly byteLength: number;
}

const handlers = {
  echo: (value: Payload) => value,
  async *items({ count, byteLength }: Request) {
    const item = payloadOf(byteLength);
    for (let index = 0; index < count; index++) yield item;
  },
};

class Target extends RpcTarget {
  echo(value: Payload): Payload {
    return value;
  }

  /** capnweb has streams of bytes and of values, which cross as calls of the other side. */
  items({ count, byteLength }: Request): ReadableStream<Payload> {
    const item = payloadOf(byteLength);
    let left = count;
    return new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(item);
        else controller.close();
      },
    });
  }
}

const [name, side, processors] = Deno.args as [string, "near" | "far", string];
useProcessors(BigInt(processors));
const work = side === "near" ? await openNear(name) : await openFar(name);
for await (
  const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  console.log(await work(way, { byteLength: Number(byteLength), count: Number(count) }));
}

async function openFar(name: string): Promise<(way: string, task: Request) => Promise<string>> {
  using listener = listenRing(name);
  console.log("ready");
  const bare = await listener.accept();
  serve(ringLink(await listener.accept()), handlers);
  const rings = await listener.accept();
  new RpcSession(transportOver(rings), new Target());
  return async (way, { byteLength, count }) => {
    const item = payloadOf(byteLength);
    if (way === "bare-items") {
      for (let index = 0; index < count; index++) await bare.sender.sendValue(item);
    }
    if (way === "bare") {
      for (let index = 0; index < count; index++) {
        await bare.sender.sendValue((await bare.receiver.receiveValue())?.value);
      }
    }
    return "done";
  };
}

async function openNear(name: string): Promise<(way: string, task: Request) => Promise<string>> {
  const connect = () => connectRing(name, { timeout: 30_000 });
  const bare = await connect();
  const caller = client<typeof handlers>(ringLink(await connect()));
  const session = new RpcSession<Target>(transportOver(await connect()));
  const stub = session.getRemoteMain();
  const ways: Record<string, (task: Request) => Promise<void>> = {
    async bare({ byteLength, count }) {
      const value = payloadOf(byteLength);
      for (let index = 0; index < count; index++) {
        await bare.sender.sendValue(value);
        await bare.receiver.receiveValue();
      }
    },
    async call({ byteLength, count }) {
      const value = payloadOf(byteLength);
      for (let index = 0; index < count; index++) await caller.call("echo", value);
    },
    async capnweb({ byteLength, count }) {
      const value = payloadOf(byteLength);
      for (let index = 0; index < count; index++) await stub.echo(value);
    },
    async calls({ byteLength, count }) {
      const value = payloadOf(byteLength);
      await inGroups(count, () => caller.call("echo", value));
    },
    async "capnweb-calls"({ byteLength, count }) {
      const value = payloadOf(byteLength);
      await inGroups(count, () => stub.echo(value));
    },
    async "bare-items"({ count }) {
      for (let index = 0; index < count; index++) await bare.receiver.receiveValue();
    },
    async items(task) {
      let left = task.count;
      for await (const _ of caller.stream("items", task)) left--;
      if (left !== 0) throw new Error(`${left} items are missing`);
    },
    async "capnweb-items"(task) {
      let left = task.count;
      for await (const _ of await stub.items(task)) left--;
      if (left !== 0) throw new Error(`${left} items are missing`);
    },
  };
  console.log("ready");
  return async (way, task) => {
    const start = performance.now();
    await ways[way]!(task);
    return `0 ${((performance.now() - start) * 1e6 / task.count).toFixed(1)}`;
  };
}

/** Keeps 100 calls under way until all are over. */
async function inGroups(count: number, call: () => PromiseLike<unknown>): Promise<void> {
  let left = count;
  const callOn = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: TOGETHER }, callOn));
}

function payloadOf(byteLength: number): Payload {
  return { id: 7, text: "x".repeat(byteLength) };
}

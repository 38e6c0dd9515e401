/**
 * A Worker of the web or the node kind that takes tokens, and makes tokens. For each message
 * `[what, ...arguments]` it posts one answer.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import {
  BroadcastRing,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
} from "../../../mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";

/** The objects, so that the garbage collector keeps them. */
const kept: unknown[] = [];
const SOON = { timeout: 20_000 };

function keep<T>(object: T): T {
  kept.push(object);
  return object;
}

// deno-lint-ignore no-explicit-any -- a message can have any arguments
const ACTIONS: Record<string, (...args: any[]) => unknown> = {
  increment(token) {
    using memory = SharedMemory.fromWorker(token);
    using view = memory.map();
    if (memory.access === "readwrite") view.bytes[0]!++;
    return [memory.name, memory.access, memory.byteLength, memory.created, view.bytes[0]];
  },
  "keep memory": (token) => keep(SharedMemory.fromWorker(token)).name,
  async "take many"(tokens) {
    postToParent("begun");
    for (const [index, token] of tokens.entries()) {
      if (index % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      try {
        keep(SharedMemory.fromWorker(token));
      } catch (error) {
        // The main thread has closed the token.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
  },
  "make memory": (name) => {
    const memory = keep(SharedMemory.create(name, 4096));
    using view = memory.map();
    view.bytes[0] = 7;
    return memory.forWorker();
  },
  "make tokens": (count) =>
    Array.from({ length: count }, () => keep(SharedEvent.anonymous()).forWorker()),
  "set event": (token) => {
    using event = SharedEvent.fromWorker(token);
    event.set();
  },
  "release semaphore": (token) => {
    using semaphore = SharedSemaphore.fromWorker(token);
    semaphore.release(3);
  },
  "lock mutex": (token) => {
    keep(keep(SharedMutex.fromWorker(token)).lockSync(SOON));
  },
  take(token) {
    try {
      SharedMemory.fromWorker(token).close();
      return "taken";
    } catch (error) {
      return error instanceof Deno.errors.BadResource ? "refused" : String(error);
    }
  },
  async upper(token) {
    using questions = RingChannel.fromWorker(token.questions);
    using answers = RingChannel.fromWorker(token.answers);
    using sender = answers.sender();
    using receiver = questions.receiver();
    for (let next; (next = await receiver.receiveValue(SOON)) !== undefined;) {
      await sender.sendValue(String(next.value).toUpperCase());
    }
  },
  receiver: (token) => {
    keep(keep(RingChannel.fromWorker(token)).receiver());
  },
  async broadcast(token) {
    using ring = BroadcastRing.fromWorker(token);
    using receiver = ring.receiver();
    postToParent("listening");
    return (await receiver.receive(SOON))?.bytes;
  },
};

async function hear([what, ...args]: [string, ...unknown[]]): Promise<void> {
  postToParent(await ACTIONS[what]!(...args));
}

if (parentPort !== null) parentPort.on("message", (data) => void hear(data));
else {globalThis.addEventListener("message", (event) => {
    if (event instanceof MessageEvent) void hear(event.data);
  });}
postToParent("ready");

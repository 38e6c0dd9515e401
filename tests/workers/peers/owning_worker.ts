/**
 * A Worker of the web or the node kind that owns an object when it ends. Its start data are the
 * kind of object and the object's name, as JSON. It posts "ready", and the messages "close" and
 * "throw" end it in that way. It imports only the modules that it needs, because many Workers start.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import { postToParent } from "../../support/post_to_parent.ts";

const [what, names]: [string, string] = JSON.parse(workerData ?? globalThis.name);
/** The owned objects, so that the garbage collector keeps them. */
const owned: unknown[] = [];

const channel = () => import("../../../src/channel/mod.ts");
const memory = () => import("../../../src/memory/mod.ts");
const messages = () => import("../../../src/messages/mod.ts");
const sync = () => import("../../../src/sync/mod.ts");

const OWN: Record<string, (name: string) => Promise<unknown>> = {
  memory: async (name) => owned.push((await memory()).SharedMemory.create(name, 4096)),
  view: async (name) => owned.push((await memory()).SharedMemory.create(name, 4096).map()),
  broadcast: async (name) => owned.push((await channel()).BroadcastRing.create(name).sender()),
  event: async (name) => owned.push((await sync()).SharedEvent.create(name)),
  window: async (name) => {
    const { MessageWindow } = await messages();
    const window = MessageWindow.open({
      class: name,
      procedure: ({ message }) => answer(message),
    });
    owned.push(window);
  },
  listener: async (name) => {
    const { CopyDataListener } = await messages();
    owned.push(await CopyDataListener.open({ class: name }));
  },
  "asked listener": async (name) => {
    const { CopyDataListener } = await messages();
    const listener = await CopyDataListener.open({
      class: name,
      replyTimeout: 60_000,
      onMessage: () => new Promise(() => postToParent("asked")),
    });
    owned.push(listener);
  },
  sender: async (name) => owned.push((await channel()).RingChannel.open(name).sender()),
  receiver: async (name) => owned.push((await channel()).RingChannel.open(name).receiver()),
  claim: async (name) => {
    const sender = (await channel()).RingChannel.open(name).sender();
    owned.push(sender, sender.claimAt(8));
  },
  "sleeping receiver": async (name) => {
    const receiver = (await channel()).RingChannel.open(name).receiver();
    owned.push(receiver);
    receiver.receive().catch(() => {});
  },
  reader: async (name) => {
    const { LatestValue } = await channel();
    const { struct } = await import("../../../src/struct/mod.ts");
    const reader = LatestValue.open(name, struct({ number: "u32" })).reader();
    owned.push(reader);
    void reader.changes().next().catch(() => {});
  },
  frame: async (name) => {
    const reader = (await channel()).LatestFrame.open(name).reader();
    owned.push(reader, reader.acquire());
  },
  inherited: async (name) => {
    const { SharedMemory } = await memory();
    const { SharedEvent } = await sync();
    owned.push(
      SharedMemory.inherited("owned_memory"),
      SharedEvent.inherited("owned_event"),
      SharedMemory.create(name, 4096),
    );
  },
  waits: async () => {
    const { SharedEvent, SharedSemaphore, waitAll, waitAny } = await sync();
    const events = [0, 1, 2].map(() => SharedEvent.anonymous());
    const semaphore = SharedSemaphore.anonymous();
    owned.push(events, semaphore);
    for (const wait of [waitAny(events), waitAll(events), semaphore.wait()]) wait.catch(() => {});
    for (const event of events) event.wait().catch(() => {});
  },
  send: async () => {
    const { CopyDataListener, sendCopyData } = await messages();
    const listener = await CopyDataListener.open();
    await sendCopyData(listener, "Hello");
    owned.push(listener);
  },
  "child's pipes": async (name) => {
    const { spawn } = await import("../../../src/process/mod.ts");
    const { execPath } = Deno;
    const url = new URL("./write_until_broken.ts", import.meta.url).href;
    const args = ["run", "--no-prompt", "--allow-ffi", url, name];
    const child = spawn(execPath(), { args, stdout: "piped", stdin: "piped" });
    owned.push(child);
    const reader = child.stdout.getReader();
    await reader.read();
    // This read is still pending when the Worker ends.
    void reader.read();
  },
};

function answer(message: number): bigint | undefined {
  return message === 0x8000 ? 7n : undefined;
}

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  if (event.data === "close") globalThis.close();
  if (event.data === "throw") throw new Error("The end of this Worker");
});
if (what === "everything") {
  for (const [kind, name] of Object.entries<string>(JSON.parse(names))) await OWN[kind]!(name);
} else {
  await OWN[what]!(names);
}
postToParent("ready");

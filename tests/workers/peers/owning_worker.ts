/**
 * A Worker of the web or the node kind that owns an object when it ends. Its start data are the
 * kind of object and the object's name, as JSON. It posts "ready", and the messages "close" and
 * "throw" end it in that way.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import {
  BroadcastRing,
  CopyDataListener,
  LatestFrame,
  LatestValue,
  MessageWindow,
  RingChannel,
  sendCopyData,
  SharedEvent,
  SharedMemory,
  SharedSemaphore,
  spawn,
  struct,
  waitAll,
  waitAny,
} from "../../../mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";

const [what, names]: [string, string] = JSON.parse(workerData ?? globalThis.name);
const Value = struct({ number: "u32" });
/** The owned objects, so that the garbage collector keeps them. */
const owned: unknown[] = [];

const OWN: Record<string, (name: string) => unknown> = {
  memory: (name) => owned.push(SharedMemory.create(name, 4096)),
  view: (name) => owned.push(SharedMemory.create(name, 4096).map()),
  broadcast: (name) => owned.push(BroadcastRing.create(name).sender()),
  event: (name) => owned.push(SharedEvent.create(name)),
  window: (name) =>
    owned.push(MessageWindow.open({ class: name, procedure: ({ message }) => answer(message) })),
  listener: async (name) => owned.push(await CopyDataListener.open({ class: name })),
  "asked listener": async (name) =>
    owned.push(
      await CopyDataListener.open({
        class: name,
        replyTimeout: 60_000,
        onMessage: () => new Promise(() => postToParent("asked")),
      }),
    ),
  sender: (name) => owned.push(RingChannel.open(name).sender()),
  receiver: (name) => owned.push(RingChannel.open(name).receiver()),
  claim: (name) => {
    const sender = RingChannel.open(name).sender();
    owned.push(sender, sender.claimAt(8));
  },
  "sleeping receiver": (name) => {
    const receiver = RingChannel.open(name).receiver();
    owned.push(receiver);
    receiver.receive().catch(() => {});
  },
  reader: (name) => {
    const readerValue = LatestValue.open(name, Value);
    const reader = readerValue.reader();
    owned.push(reader);
    void reader.changes().next().catch(() => {});
  },
  frame: (name) => {
    const reader = LatestFrame.open(name).reader();
    owned.push(reader, reader.acquire());
  },
  inherited: (name) =>
    owned.push(
      SharedMemory.inherited("owned_memory"),
      SharedEvent.inherited("owned_event"),
      SharedMemory.create(name, 4096),
    ),
  waits: () => {
    const events = [0, 1, 2].map(() => SharedEvent.anonymous());
    const semaphore = SharedSemaphore.anonymous();
    owned.push(events, semaphore);
    for (const wait of [waitAny(events), waitAll(events), semaphore.wait()]) wait.catch(() => {});
    for (const event of events) event.wait().catch(() => {});
  },
  send: async () => {
    const listener = await CopyDataListener.open();
    await sendCopyData(listener, "Hello");
    owned.push(listener);
  },
  "child's pipes": (name) => {
    const { execPath } = Deno;
    const url = new URL("./write_until_broken.ts", import.meta.url).href;
    const args = ["run", "--no-prompt", "--allow-ffi", url, name];
    const child = spawn(execPath(), { args, stdout: "piped", stdin: "piped" });
    owned.push(child);
    const reader = child.stdout.getReader();
    return (async () => {
      await reader.read();
      // This read is still pending when the Worker ends.
      void reader.read();
    })();
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

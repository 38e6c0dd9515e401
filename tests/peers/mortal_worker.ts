/**
 * A Worker of the web's or of Node's kind that owns something when it is ended. It is told what, and
 * under which name, as JSON; posts "ready", and ends itself when it is told how.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import {
  BroadcastRing,
  CopyDataListener,
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
} from "../../mod.ts";

const [what, name]: [string, string] = JSON.parse(workerData ?? globalThis.name);
const port: { postMessage(word: string): void } = parentPort ?? globalThis;
const Value = struct({ number: "u32" });
/** What is owned must not be collected. */
const owned: unknown[] = [];

const OWN: Record<string, () => unknown> = {
  memory: () => owned.push(SharedMemory.create(name, 4096)),
  view: () => owned.push(SharedMemory.create(name, 4096).map()),
  broadcast: () => owned.push(BroadcastRing.create(name).sender()),
  event: () => owned.push(SharedEvent.create(name)),
  window: () =>
    owned.push(MessageWindow.open({ class: name, procedure: ({ message }) => answer(message) })),
  listener: async () => owned.push(await CopyDataListener.open({ class: name })),
  "asked listener": async () =>
    owned.push(
      await CopyDataListener.open({
        class: name,
        replyTimeout: 60_000,
        onMessage: () => new Promise(() => port.postMessage("asked")),
      }),
    ),
  sender: () => owned.push(RingChannel.open(name).sender()),
  receiver: () => owned.push(RingChannel.open(name).receiver()),
  claim: () => {
    const sender = RingChannel.open(name).sender();
    owned.push(sender, sender.claimAt(8));
  },
  "sleeping receiver": () => {
    const receiver = RingChannel.open(name).receiver();
    owned.push(receiver);
    receiver.receive().catch(() => {});
  },
  reader: () => {
    const reader = LatestValue.open(name, Value);
    owned.push(reader);
    void reader.changes().next().catch(() => {});
  },
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
  "child's pipes": () => {
    const { execPath } = Deno;
    const url = new URL("./tells_until_broken.ts", import.meta.url).href;
    const args = ["run", "--no-prompt", "--allow-ffi", "--allow-read", url, name];
    const child = spawn(execPath(), { args, stdout: "piped", stdin: "piped" });
    owned.push(child);
    const reader = child.stdout.getReader();
    return (async () => {
      await reader.read();
      // Is in flight at the end.
      void reader.read();
    })();
  },
};

function answer(message: number): bigint | undefined {
  return message === 0x8000 ? 7n : undefined;
}

globalThis.addEventListener("message", ({ data }) => {
  if (data === "close") globalThis.close();
  if (data === "throw") throw new Error("The end of this Worker");
});
await OWN[what]!();
port.postMessage("ready");

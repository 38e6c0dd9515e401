/**
 * Waits for a message by a receiver after `unref()`: `unreferenced_receiver.ts KIND WHEN NAME`. The
 * process prints "ready" and ends by itself. If WHEN is "ref", it ends only after a message.
 *
 * @module
 */

import { BroadcastRing, RingChannel } from "../../../src/channel/mod.ts";

const [kind, when, name] = Deno.args as [string, string, string];
const channel = kind === "broadcast" ? BroadcastRing.open(name) : RingChannel.open(name);
const receiver = channel.receiver();
if (when !== "while it waits") receiver.unref();
const received = receiver.receive();
if (when === "while it waits") {
  // After this time a thread waits.
  await new Promise((resolve) => setTimeout(resolve, 100));
  receiver.unref();
}
if (when === "ref") receiver.ref();
console.log("ready");
received.then((message) => {
  console.log(`received ${message instanceof Uint8Array ? message : message?.bytes}`);
  // Waits once more, so that only this wait is left.
  receiver.unref();
  void receiver.receive();
});

/**
 * Waits for messages with an end that does not hold the process: `unreferenced_receiver.ts KIND WHEN NAME`.
 * It ends by itself, having said "ready"; or once something came, after `ref`.
 *
 * @module
 */

import { BroadcastRing, RingChannel } from "../../../mod.ts";

const [kind, when, name] = Deno.args as [string, string, string];
const channel = kind === "broadcast" ? BroadcastRing.open(name) : RingChannel.open(name);
const receiver = channel.receiver();
if (when !== "while it waits") receiver.unref();
const received = receiver.receive();
if (when === "while it waits") {
  // By now a thread waits.
  await new Promise((resolve) => setTimeout(resolve, 100));
  receiver.unref();
}
if (when === "ref") receiver.ref();
console.log("ready");
received.then((message) => {
  console.log(`received ${message instanceof Uint8Array ? message : message?.bytes}`);
  // Waits once more, so that nothing is left but that wait.
  receiver.unref();
  void receiver.receive();
});

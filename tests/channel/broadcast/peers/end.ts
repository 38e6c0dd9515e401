/**
 * An end of a broadcast ring: `end.ts ROLE NAME [COUNT]`; `inherited:KEY` is a name as well.
 *
 * @module
 */

import { type BroadcastReceiver, BroadcastRing } from "../../../../src/channel/mod.ts";
import { NumberedMessages, readNumbered } from "../../ring/numbered_messages.ts";

const soon = { timeout: 20_000 };
const [role, name, count = "0"] = Deno.args;
const total = Number(count);
const isInherited = name!.startsWith("inherited:");
using ring = isInherited
  ? BroadcastRing.inherited(name!.slice("inherited:".length))
  : await BroadcastRing.waitFor(name!, soon);

if (role === "sender") sendAll();
if (role === "receiver") receiveAll(ring.receiver());
if (role === "wakeFlag") sleep(ring.receiver());
if (role === "echo") echo(ring.receiver());
if (role === "mayfly") await live();

/** Sends numbered messages as quickly as it can, without an end where there is no count. */
function sendAll(): void {
  using sender = ring.sender();
  const { maxMessageLength, ring: bytes } = sender;
  const messages = new NumberedMessages(0, maxMessageLength);
  console.log("ready");
  for (let number = 0; total === 0 || number < total; number++) {
    const message = messages.at(number);
    if (number % 2 === 0) {
      sender.send(message);
    } else {
      bytes.set(message, sender.claimAt(message.length));
      sender.commit();
    }
  }
}

/** Receives to the end, and says how many it got and how many it missed. */
function receiveAll(receiver: BroadcastReceiver): void {
  console.log("ready");
  let [received, missed] = [0, 0];
  for (;;) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) break;
    const { number } = readNumbered(message.bytes, ring.settings.maxMessageLength);
    missed += message.missed;
    if (number !== received + missed) throw new Error(`${number} after ${received} and ${missed}`);
    received++;
  }
  if (receiver.missed !== missed) throw new Error(`${receiver.missed} rather than ${missed}`);
  console.log(`${received} ${missed}`);
}

/** Sleeps until there is a message, again and again. */
function sleep(receiver: BroadcastReceiver): void {
  console.log("ready");
  while (receiver.receiveSync() !== undefined);
}

/** Sends back what comes, by the ring whose name has a "b" after it. */
function echo(receiver: BroadcastReceiver): void {
  using back = BroadcastRing.open(`${name}b`);
  using sender = back.sender();
  console.log("ready");
  for (;;) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) return;
    sender.send(message.bytes);
    sender.flush();
  }
}

/** Takes the sender's place, and ends a moment later without closing it. */
async function live(): Promise<void> {
  ring.sender();
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 200));
  Deno.exit(3);
}

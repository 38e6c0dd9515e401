/**
 * Opens an end of a broadcast ring: `end.ts ROLE NAME [COUNT]`. NAME can also be `inherited:KEY`.
 *
 * @module
 */

import { type BroadcastReceiver, BroadcastRing } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { NumberedMessages, readNumbered } from "../../ring/numbered_messages.ts";

const [role, name, count = "0"] = Deno.args;
const total = Number(count);
const isInherited = name!.startsWith("inherited:");
using ring = isInherited
  ? BroadcastRing.inherited(name!.slice("inherited:".length))
  : await BroadcastRing.waitFor(name!, soon);

if (role === "sender") sendAll();
if (role === "receiver") receiveAll(ring.receiver());
if (role === "sleeping") sleep(ring.receiver());
if (role === "echo") echo(ring.receiver());
if (role === "mayfly") await live();

/** Sends numbered messages as fast as possible, without an end if there is no count. */
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

/** Receives to the end, and prints the numbers of messages received and missed. */
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

/** Receives messages until the end, and sleeps between them. */
function sleep(receiver: BroadcastReceiver): void {
  console.log("ready");
  while (receiver.receiveSync() !== undefined);
}

/** Sends each message back, by the ring of the same name with a "b" at its end. */
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

/** Opens the sender, and ends the process a moment later without closing it. */
async function live(): Promise<void> {
  ring.sender();
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 200));
  Deno.exit(3);
}

/** One end of a channel: `end.ts ROLE NAME [COUNT]`. */

import { RingChannel } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { NumberedMessages } from "../numbered_messages.ts";
import { Random } from "../../../support/random.ts";

const [role, name, count = "0"] = Deno.args;
using channel = await RingChannel.waitFor(name!, soon);
const total = Number(count);

if (role === "sender") sendAll();
if (role === "silent sender") sendSilently();
if (role === "small sender") sendSmall();
if (role === "receiver") await receiveSome();
if (role === "echo") echo();
if (role === "pipe") await pipe();
if (role === "claimer") await claimUntilLine();
if (role === "fate") await tellFate();
if (role === "values") await sendValuesBack();

/** Sends numbered messages. */
function sendAll(): void {
  using sender = channel.sender();
  console.log("ready");
  const messages = new NumberedMessages(0, sender.maxMessageLength);
  for (let number = 0; number < total; number++) {
    sender.sendSync(messages.at(number), soon);
  }
}

/** Commits messages, and then blocks, so that they stay pending. */
function sendSilently(): void {
  using sender = channel.sender();
  const random = new Random(7);
  for (let number = 0; number < total; number++) {
    const length = random.below(sender.maxMessageLength + 1);
    sender.trySend(Uint8Array.from({ length }, () => random.below(256)));
  }
  console.log("ready");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** Sends messages of 64 bytes without a pause. */
function sendSmall(): void {
  using sender = channel.sender();
  console.log("ready");
  const words = new Int32Array(sender.ring.buffer, sender.ring.byteOffset, sender.ring.length >> 2);
  for (let number = 0; number < total; number++) {
    let offset = sender.claimAt(64);
    while (offset < 0) {
      sender.waitForRoomSync(64, soon);
      offset = sender.claimAt(64);
    }
    for (let index = offset >> 2; index < (offset >> 2) + 16; index++) words[index] = number;
    sender.commit();
  }
}

async function receiveSome(): Promise<void> {
  using receiver = channel.receiver();
  console.log("ready");
  for (let number = 0; number < total; number++) await receiver.receive(soon);
  if (total === 0) { for await (const _ of receiver); }
}

/** Claims a message, and commits it when a line arrives. */
async function claimUntilLine(): Promise<void> {
  using sender = channel.sender();
  const offset = sender.claimAt(1);
  sender.ring[offset] = 9;
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(16));
  sender.commit();
}

/** Waits for a message, and prints the name of the error if the wait fails. */
async function tellFate(): Promise<void> {
  using receiver = channel.receiver();
  console.log("ready");
  await receiver.receive().catch((error) => console.log(error.name));
}

/** Pipes all messages into the channel whose name has a "b" after it. */
async function pipe(): Promise<void> {
  using back = RingChannel.open(`${name}b`);
  const { readable } = channel;
  const { writable } = back;
  console.log("ready");
  await readable.pipeTo(writable);
}

/** Sends each value back through the channel whose name has a "b" after it. */
async function sendValuesBack(): Promise<void> {
  using back = RingChannel.open(`${name}b`);
  using receiver = channel.receiver();
  using sender = back.sender();
  console.log("ready");
  for (;;) {
    const item = await receiver.receiveValue();
    if (item === undefined) return;
    await sender.sendValue(item.value);
  }
}

/** Sends each message back through the channel whose name has a "b" after it. */
function echo(): void {
  using back = RingChannel.open(`${name}b`);
  using receiver = channel.receiver();
  using sender = back.sender();
  console.log("ready");
  for (;;) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) return;
    sender.sendSync(message);
  }
}

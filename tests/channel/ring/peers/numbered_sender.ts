/**
 * One of several senders of a channel: `numbered_sender.ts MODE NAME ID COUNT`. It sends COUNT
 * numbered messages, or messages without end if COUNT is 0. In the mode `claim` it claims a
 * message, writes half of it, and waits.
 *
 * @module
 */

import { RingChannel } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { NumberedMessages } from "../numbered_messages.ts";

const [mode, name, id, count] = Deno.args as [string, string, string, string];
using channel = await RingChannel.waitFor(name, soon);
using sender = channel.sender();
const messages = new NumberedMessages(Number(id), channel.settings.maxMessageLength);
const total = Number(count) || Infinity;

if (mode === "claim") {
  const message = messages.at(0);
  sender.claim(message.length)!.bytes.set(message.subarray(0, message.length / 2));
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
}
if (mode === "sync") {
  console.log("ready");
  for (let number = 0; number < total; number++) sender.sendSync(messages.at(number), soon);
}
if (mode === "async") {
  console.log("ready");
  for (let number = 0; number < total; number++) await sender.send(messages.at(number), soon);
}

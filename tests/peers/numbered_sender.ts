/**
 * One of several senders of a channel: `numbered_sender.ts MODE NAME ID COUNT`. It sends numbered
 * messages, without an end where the count is 0; or claims one, writes half of it, and stays.
 */

import { RingChannel } from "../../src/channel/mod.ts";
import { numbered } from "../channel/numbered.ts";

const [mode, name, id, count] = Deno.args as [string, string, string, string];
using channel = await RingChannel.waitFor(name, { timeout: 20_000 });
using sender = channel.sender();
const total = Number(count) || Infinity;

if (mode === "claim") {
  const message = numbered(Number(id), 0);
  sender.claim(message.length)!.bytes.set(message.subarray(0, message.length / 2));
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
}
if (mode === "sync") {
  console.log("ready");
  for (let number = 0; number < total; number++) {
    sender.sendSync(numbered(Number(id), number), { timeout: 20_000 });
  }
}
if (mode === "async") {
  console.log("ready");
  for (let number = 0; number < total; number++) {
    await sender.send(numbered(Number(id), number), { timeout: 20_000 });
  }
}

// Is the scripts beside a bridge: sends numbers to one ring, and receives from another one. It
// writes how many messages it has received. The test kills it.

import { RingChannel } from "../../../src/channel/mod.ts";
import { messageOf } from "../../support/test_stream.ts";

const [out, back, sent, received] = Deno.args as [string, string, string, string];
using from = RingChannel.open(out);
using to = RingChannel.open(back);
using sender = from.sender();
using receiver = to.receiver();
console.log("ready");
for (let number = 0; number < Number(sent); number++) await sender.send(messageOf(number));
for (let count = 0; count < Number(received); count++) await receiver.receive();
console.log("exchanged");
// The ends stay open until the test kills this process.
await new Promise((resolve) => setTimeout(resolve, 600_000));

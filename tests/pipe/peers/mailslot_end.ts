/**
 * An end of the mailslot NAME. Prints "ready", and then one line for each order.
 *
 *     send NAME       "many COUNT": sends COUNT messages of 12 bytes, which begin with their numbers
 *     create NAME     "receive": the length of the next message
 *
 * @module
 */

import { Mailslot, openMailslot } from "../../../src/pipe/mailslot.ts";
import { soon } from "../../support/soon.ts";

const [end, name] = Deno.args as [string, string];
const [mailslot, sender] = end === "create"
  ? [Mailslot.create(name), undefined]
  : [undefined, openMailslot(name)];
console.log("ready");
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const order of text.trimEnd().split("\n")) {
    const [, count] = order.split(" ");
    for (let number = 0; sender !== undefined && number < Number(count); number++) {
      sender.send(Uint32Array.of(number, 0, 0));
    }
    const message = await mailslot?.receive(soon);
    console.log(message === undefined ? "sent" : `received ${message.length}`);
  }
}

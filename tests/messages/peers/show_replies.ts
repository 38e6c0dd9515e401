/**
 * Sends each line of its input to a window, from a listener of its own. Prints the reply that came
 * before the answer: its text, its id and its sender. Then prints the answer.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";
import { soon } from "../../support/soon.ts";

const target = BigInt(Deno.args[0]!);
let reply = "";
await using listener = await CopyDataListener.open({
  onMessage: (message) => {
    reply = `${message.text("utf-8")} ${message.id} ${message.sender.handle}`;
    return 5;
  },
});
console.log("ready");
const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const answer = await sendCopyData(target, line, { from: listener, ...soon });
  console.log(`${reply} ${answer}`);
}

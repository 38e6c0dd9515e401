/**
 * Sends each line of its input as a text to a window, from a window of its own, and prints the
 * answer. A line `#5` sends an empty message whose id is 5. A line `!16` posts message 16.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { user32 } from "../../../ffi/win32/user32.ts";
import { MessageWindow, sendCopyDataSync } from "../../../src/messages/mod.ts";
import { soon } from "../../support/soon.ts";

const target = BigInt(Deno.args[0]!);
using from = MessageWindow.open({ procedure: () => undefined });
console.log("ready");
const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  if (line.startsWith("!")) {
    user32().PostMessageW(target, Number(line.slice(1)), 0n, 0n);
    continue;
  }
  const id = line.startsWith("#") ? Number(line.slice(1)) : 7;
  const text = line.startsWith("#") ? "" : line;
  console.log(String(sendCopyDataSync(target, text, { id, from, ...soon })));
}

// Sends messages to a broadcast ring: the hexadecimal bytes of each line. The ring is created under
// the first argument. The line "close" closes the sender.

import { TextLineStream } from "@std/streams";
import { BroadcastRing } from "../../../mod.ts";

const ring = BroadcastRing.create(Deno.args[0]!);
const sender = ring.sender();
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
console.log("ready");
for await (const line of lines) {
  if (line === "close") break;
  sender.send(Uint8Array.fromHex(line.replaceAll(" ", "")));
  sender.flush();
  console.log("sent");
}
ring.close();

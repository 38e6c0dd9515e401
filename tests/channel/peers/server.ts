/**
 * Opens or creates one object of each kind under the name `NAME-KIND`, and holds them: a line
 * `meet NAME` does no more, a line `serve NAME` also takes the ends of a server.
 */

import { TextLineStream } from "@std/streams";
import { BroadcastRing, LatestValue, RingChannel, struct } from "../../../mod.ts";

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
console.log("ready");
for await (const line of lines) {
  const [word, name] = line.split(" ");
  const channel = RingChannel.openOrCreate(`${name}-channel`, { capacity: 1024 });
  const ring = BroadcastRing.openOrCreate(`${name}-ring`, { capacity: 1024 });
  const value = LatestValue.openOrCreate(`${name}-value`, struct({ a: "i32" }));
  if (word === "serve") {
    channel.receiver();
    ring.sender();
    value.writer().write({ a: Deno.pid });
  }
  console.log("done");
}

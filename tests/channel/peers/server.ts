/**
 * Opens or creates one object of each kind under the name `NAME-KIND`, and holds them: a line
 * `meet NAME` does no more, a line `serve NAME` also takes the ends of a server. A line `churn NAME`
 * opens or creates each of them again and again, lets go of it at once, and tells the first error.
 */

import { TextLineStream } from "@std/streams";
import { BroadcastRing, LatestValue, RingChannel, SharedMemory, struct } from "../../../mod.ts";

const ROUNDS = 300;

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
console.log("ready");
for await (const line of lines) {
  const [word, name] = line.split(" ");
  if (word === "churn") {
    console.log(churn(name!));
    continue;
  }
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

/** Opens or creates, and lets go, as often as {@linkcode ROUNDS} says. */
function churn(name: string): string {
  try {
    for (let round = 0; round < ROUNDS; round++) {
      RingChannel.openOrCreate(`${name}-channel`, { capacity: 1024 }).close();
      BroadcastRing.openOrCreate(`${name}-ring`, { capacity: 1024 }).close();
      LatestValue.openOrCreate(`${name}-value`, struct({ a: "i32" })).close();
      SharedMemory.openOrCreate(`${name}-memory`, 4096, { initialize: () => {} }).close();
    }
    return "done";
  } catch (error) {
    return String(error);
  }
}

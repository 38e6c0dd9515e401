/**
 * Opens or creates one object of each kind under the name `NAME-KIND`, by commands from its input:
 *
 * - `meet NAME` keeps the objects open.
 * - `serve NAME` keeps the objects open, and also opens the ends of a server.
 * - `churn NAME` opens and closes the objects again and again, and prints the first error.
 */

import { TextLineStream } from "@std/streams";
import { BroadcastRing, LatestValue, RingChannel } from "../../../src/channel/mod.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { struct } from "../../../src/struct/mod.ts";

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

/** Opens and closes the objects {@linkcode ROUNDS} times. Returns the first error, or "done". */
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

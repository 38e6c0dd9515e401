/**
 * Publishes numbers that grow, until it is killed: `growing_numbers.ts latest|broadcast NAME`.
 * Between two numbers, readers fall asleep.
 *
 * @module
 */

import { BroadcastRing, LatestValue } from "../../../../src/channel/mod.ts";
import { Numbered } from "../killed_writers.ts";

/** Time for readers to fall asleep, in milliseconds. */
const PAUSE = 3;
const [kind, name] = Deno.args;
const word = new Int32Array(new SharedArrayBuffer(4));

console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
if (kind === "latest") {
  const writerValue = LatestValue.openOrCreate(name!, Numbered);
  const writer = writerValue.writer();
  begin(writer.value.number, (number) => writer.write({ number }));
} else {
  const sender = BroadcastRing.open(name!).sender();
  begin(0, (number) => {
    sender.send(new Uint8Array(Uint32Array.of(number).buffer));
    sender.flush();
  });
}

function begin(last: number, publish: (number: number) => void): void {
  console.log("there");
  for (let number = last + 1;; number++) {
    publish(number);
    Atomics.wait(word, 0, 0, PAUSE);
  }
}

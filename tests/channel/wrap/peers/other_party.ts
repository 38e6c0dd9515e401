/**
 * The other process of tests/channel/wrap/peers/rounds.ts. For each line `SEED NAME` it opens what has to be there
 * first, says so, and does its part when it is told to.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { join } from "../party.ts";
import { planOf } from "../plan.ts";

/** Less than a test waits for a line, in milliseconds. */
const STILL_THERE = 5000;

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
console.log("ready");
let act = () => Promise.resolve();
for await (const line of lines) {
  if (line === "go") {
    // Nobody takes it for hung because the machine is busy.
    const timer = setInterval(() => console.log("busy"), STILL_THERE);
    await act();
    clearInterval(timer);
    console.log("done");
  } else {
    const [seed, name] = line.split(" ") as [string, string];
    act = join(planOf(Number(seed), true), "there", name);
    console.log("joined");
  }
}

/**
 * Runs the part "there" of the rounds of tests/channel/wrap/peers/rounds.ts. After a line
 * `SEED NAME` it opens its receivers and prints "joined". After a line `go` it runs its part and
 * prints "done".
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { join } from "../party.ts";
import { planOf } from "../plan.ts";

/** Time between two lines "busy" in milliseconds, less than a test waits for a line. */
const STILL_THERE = 5000;

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
console.log("ready");
let act = () => Promise.resolve();
for await (const line of lines) {
  if (line === "go") {
    // These lines show the test that this process is not hung, if the machine is busy.
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

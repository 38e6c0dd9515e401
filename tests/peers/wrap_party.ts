/**
 * The other process of tests/peers/wrap.ts. For each line `SEED NAME` it opens what has to be there
 * first, says so, and does its part when it is told to.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { join } from "../channel/wrap/party.ts";
import { planOf } from "../channel/wrap/plan.ts";

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
console.log("ready");
let act = () => Promise.resolve();
for await (const line of lines) {
  if (line === "go") {
    await act();
    console.log("done");
  } else {
    const [seed, name] = line.split(" ") as [string, string];
    act = join(planOf(Number(seed), true), "there", name);
    console.log("joined");
  }
}

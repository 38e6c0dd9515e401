/**
 * Takes the inherited events "a0", "a1" and so on, as many as its argument says, and then "right".
 * Does so in a Worker and in the main thread, and prints the results as JSON.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";

/** Tries to take each event, and returns the results. */
function takeAll(count: number): string[] {
  const keys = [...Array.from({ length: count }, (_, index) => `a${index}`), "right"];
  return keys.map((key) => {
    try {
      using _taken = SharedEvent.inherited(key);
      return "taken";
    } catch (error) {
      return error instanceof Error ? error.name : "nothing";
    }
  });
}

const isWorker = "DedicatedWorkerGlobalScope" in globalThis;
const count = Number(isWorker ? new URL(import.meta.url).searchParams.get("count") : Deno.args[0]);

if (isWorker) {
  postToParent(JSON.stringify(takeAll(count)));
} else {
  // The Worker is first, because the main thread closes the handle that it takes.
  const worker = new Worker(`${import.meta.url}?count=${count}`, { type: "module" });
  const inWorker = await new Promise<string>((told) => worker.onmessage = ({ data }) => told(data));
  worker.terminate();
  console.log(JSON.stringify({ worker: JSON.parse(inWorker), main: takeAll(count) }));
}

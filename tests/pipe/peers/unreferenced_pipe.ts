/**
 * Begins an operation after `unref()`, or before it: `unreferenced_pipe.ts WHAT WHEN NAME`. WHEN is
 * `before`, `during` or `ref`. The process prints "ready", and ends by itself. With `ref`, it ends
 * only when the operation is over, and prints "over".
 *
 * @module
 */

import { connectPipe, listenPipe } from "../../../src/pipe/mod.ts";

const [what, when, name] = Deno.args as [string, string, string];
const object = what === "accept" ? listenPipe({ name }) : await connectPipe(name);
/** Longer than the test waits. The timer of an operation must not keep the process alive. */
const options = { timeout: 600_000 };

function begin(): Promise<unknown> {
  if ("accept" in object) return object.accept(options);
  // The first write fills the pipe.
  if (what === "write") return object.write(new Uint8Array(400_000), options);
  if (what === "signal") {
    return object.read(new Uint8Array(1), { signal: new AbortController().signal });
  }
  return object.read(new Uint8Array(1), options);
}

if (when === "before") object.unref();
const operation = begin();
if (when === "during") {
  // Now a thread of the pool waits. After some time, a registered wait does.
  await new Promise((resolve) => setTimeout(resolve, what === "registered" ? 200 : 20));
  object.unref();
}
if (when === "ref") {
  object.unref();
  object.ref();
}
console.log("ready");
operation.then(() => {
  console.log("over");
  // Otherwise the next client would be waited for.
  object.unref();
});

/**
 * Waits for an event and sets another one, until it is killed: `sync` on its own thread, `async`, or
 * `signal` with a signal that could stop the wait.
 *
 * @module
 */

import { SharedEvent } from "../../mod.ts";

using from = SharedEvent.inherited("from");
using to = SharedEvent.inherited("to");
const { signal } = new AbortController();
const [how] = Deno.args;
to.set();
for (;;) {
  if (how === "sync") from.waitSync();
  else await from.wait(how === "signal" ? { signal } : {});
  to.set();
}

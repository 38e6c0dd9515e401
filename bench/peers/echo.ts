/**
 * Waits for one event and sets another, until it is killed. It waits by `waitSync()` with `sync`,
 * by `wait()` with `async`, and by `wait()` with a signal with `signal`.
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

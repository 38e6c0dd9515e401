/**
 * Waits for the first event and then sets the second, again and again, until it is killed. It
 * answers after PAUSE milliseconds. Arguments: `FROM TO PAUSE`.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";

const [fromName, toName, pause] = Deno.args as [string, string, string];
using from = SharedEvent.open(fromName);
using to = SharedEvent.open(toName);
console.log("ready");
for (;;) {
  await from.wait();
  if (Number(pause) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pause)));
  to.set();
}

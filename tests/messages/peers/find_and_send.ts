/**
 * Looks for a window all the time, sends to it as soon as it is there, and tells the answer.
 *
 * @module
 */

import { listWindows, sendCopyDataSync } from "../../../src/messages/mod.ts";

const [name] = Deno.args as [string];
console.log("ready");
for (;;) {
  const [window] = listWindows({ class: name });
  if (window === undefined) continue;
  console.log(`${sendCopyDataSync(window, "now", { timeout: 20_000 })}`);
  break;
}

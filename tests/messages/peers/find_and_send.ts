/**
 * Looks for a window without pauses, sends to it as soon as it exists, and prints the answer.
 *
 * @module
 */

import { listWindows, sendCopyDataSync } from "../../../src/messages/mod.ts";
import { soon } from "../../support/soon.ts";

const [name] = Deno.args as [string];
console.log("ready");
for (;;) {
  const [window] = listWindows({ class: name });
  if (window === undefined) continue;
  console.log(`${sendCopyDataSync(window, "now", soon)}`);
  break;
}

/**
 * Opens a window that takes all messages, by `run()` or by `pump()`. Prints "ready" and the
 * window's handle. Answers the first WM_COPYDATA with 1, the second with 2, and so on. Prints
 * "closed" when the window is closed.
 *
 * @module
 */

import { waitForMessage } from "../../../src/messages/window/procedure.ts";
import { MessageWindow } from "../../../src/messages/mod.ts";

const [name, visibility, way] = Deno.args as [string, "message-only" | "hidden", "run" | "pump"];

let received = 0n;
const window = MessageWindow.open({
  class: name,
  visibility,
  procedure: ({ copyData }) => copyData === undefined ? undefined : ++received,
});
console.log("ready");
console.log(`${window.handle}`);
if (way === "run") window.run();
else {
  while (!window.closed) {
    waitForMessage([]);
    window.pump();
  }
}
window.close();
console.log("closed");

/**
 * A window that takes what strangers send, on a thread that stands in the message loop or pumps. It
 * says "ready" and its handle, answers each WM_COPYDATA with the number of those before it plus
 * one, and says "closed" when it is closed.
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

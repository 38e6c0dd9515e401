/**
 * Runs a window whose procedure throws at each WM_COPYDATA. Prints the error that `run()` throws.
 *
 * @module
 */

import { MessageWindow } from "../../../src/messages/mod.ts";

using window = MessageWindow.open({
  procedure: ({ copyData }) => {
    if (copyData !== undefined) throw new Error("on purpose");
    return undefined;
  },
});
console.log("ready");
try {
  window.run();
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}

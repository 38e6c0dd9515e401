/**
 * Opens several windows on a thread that then hangs. Their classes are the given name and a number.
 *
 * @module
 */

import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { MessageWindow } from "../../../src/messages/mod.ts";

const [className, count] = Deno.args as [string, string];
for (let i = 0; i < Number(count); i++) {
  MessageWindow.open({ class: `${className}-${i}`, procedure: () => undefined });
}
console.log("ready");
kernel32().Sleep(180_000);

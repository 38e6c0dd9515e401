/**
 * Opens a window on a thread that then sleeps for some milliseconds, and answers after that.
 *
 * @module
 */

import { kernel32 } from "../../../../ffi/win32/kernel32.ts";
import { MessageWindow } from "../../../../src/messages/mod.ts";

const [className, milliseconds] = Deno.args as [string, string];
const window = MessageWindow.open({ class: className, procedure: () => undefined });
console.log("ready");
kernel32().Sleep(Number(milliseconds));
window.run();

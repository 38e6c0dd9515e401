/**
 * A listener whose window has the class CLASS. It answers WM_COPYDATA and WM_USER with 1, and
 * WM_USER + 1 with the sum of its two numbers. With `eager`, the script reads each message when it
 * comes. With `busy`, it reads all messages every 50 ms, as a script does that has other work.
 * Arguments: `CLASS eager|busy`.
 *
 * @module
 */

import { CopyDataListener } from "../../mod.ts";

const [className, script] = Deno.args as [string, "eager" | "busy"];
await using listener = await CopyDataListener.open({
  class: className,
  answers: { 0x400: 1, 0x401: (wParam, lParam) => wParam + lParam },
});
console.log("ready");
if (script === "busy") {
  setInterval(async () => {
    for (let left = listener.stats.waiting; left > 0; left--) await listener.receive();
  }, 50);
  await listener.finished;
}
for await (const _ of listener);

/**
 * A listener of the class that is named, which answers 1, and adds two numbers. Its script reads each message as it
 * comes (`eager`), or now and then all there are, as one does that has other work (`busy`).
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

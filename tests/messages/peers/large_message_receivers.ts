/**
 * A listener of the class that is named, and a message window on the main thread of the class with
 * "-main" behind it. When it is told to, it closes both and tells how many bytes each message had.
 *
 * @module
 */

import { CopyDataListener, MessageWindow } from "../../../src/messages/mod.ts";

const [className] = Deno.args as [string];
const lengths: number[] = [];
const listener = await CopyDataListener.open({ class: className });
const window = MessageWindow.open({
  class: `${className}-main`,
  procedure: ({ copyData }) => copyData && BigInt(lengths.push(copyData.bytes.length)),
});
const pumping = setInterval(() => window.pump(), 1);
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
clearInterval(pumping);
window.close();
await listener.close();
const heard = await Array.fromAsync(listener, ({ bytes }) => bytes.length);
console.log(JSON.stringify({ listener: heard, window: lengths }));

/**
 * Opens a listener of the given class, and a message window of that class with "-main" at its end.
 * After a line of input it closes both, and prints the size of each message that they got.
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

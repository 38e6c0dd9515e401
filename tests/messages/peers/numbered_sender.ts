/**
 * Sends numbered messages, one after another, to a window of the given class after a line of input.
 * Then prints how many messages were answered with 1, and "done" or the name of the error.
 *
 * @module
 */

import { findWindow, sendCopyDataSync } from "../../../src/messages/mod.ts";
import { soon } from "../../support/soon.ts";

const [className, count, id] = Deno.args as [string, string, string];
const window = await findWindow({ class: className });
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
let answered = 0;
let end = "done";
try {
  for (let i = 0; i < Number(count); i++) {
    const answer = sendCopyDataSync(window, Uint32Array.of(i), { id: Number(id), ...soon });
    if (answer === 1n) answered++;
  }
} catch (error) {
  end = error instanceof Error ? error.name : String(error);
}
console.log(`${answered} ${end}`);

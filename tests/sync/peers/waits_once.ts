/**
 * Waits for an event with `waitSync()` for each line that it reads, and then prints "taken".
 * Argument: the event's name.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";

const [name] = Deno.args as [string];
using event = SharedEvent.open(name);
const chunk = new Uint8Array(256);
console.log("ready");
for (let length: number | null; (length = await Deno.stdin.read(chunk)) !== null;) {
  for (const byte of chunk.subarray(0, length)) {
    if (byte !== "\n".charCodeAt(0)) continue;
    event.waitSync(soon);
    console.log("taken");
  }
}

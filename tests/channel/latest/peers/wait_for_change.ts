/**
 * Waits for changes of a latest value:
 * `wait_for_change.ts "ref"|"unref"|"unref while it waits" NAME`. After `unref` the process ends by
 * itself.
 *
 * @module
 */

import { LatestValue } from "../../../../src/channel/mod.ts";
import { Marked } from "../marked_value.ts";

const [how, name] = Deno.args;
const readerValue = LatestValue.open(name!, Marked);
const reader = readerValue.reader();
if (how === "ref") console.log("ready");
if (how !== "unref while it waits") reader.unref();
if (how === "ref") reader.ref();
void waitForOne();
// After this time it waits.
await new Promise((resolve) => setTimeout(resolve, 50));
if (how === "unref while it waits") reader.unref();
console.log("waits");

async function waitForOne(): Promise<void> {
  for await (const { marks } of reader.changes()) {
    console.log(`got ${marks[0]}`);
    return;
  }
}

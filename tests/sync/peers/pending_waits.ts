/**
 * Begins waits of each kind and prints "ready". With `unref` the process ends by itself, with `ref`
 * when the event is set, and with `exit` by `Deno.exit()`.
 *
 * @module
 */

import { SharedEvent, SharedMutex, waitAny } from "../../../src/sync/mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const [how, name] = Deno.args as [string, string];
const event = SharedEvent.openOrCreate(name, { reset: "manual" });
const mutex = SharedMutex.anonymous();
if (how !== "ref") { for (const object of [event, mutex]) object.unref(); }
const { signal } = new AbortController();
await mutex.lock();
const waits: Promise<unknown>[] = [
  event.wait(),
  event.wait({ timeout: 60_000 * SLOWNESS }),
  event.wait({ signal }),
  waitAny([event, event]),
];
if (how !== "ref") waits.push(mutex.lock());
console.log("ready");
if (how === "ref") Promise.all(waits).then(() => console.log("all of them"));
if (how === "exit") Deno.exit();

/**
 * Has waits of each kind pending, tells how it looks, and ends: by itself after `unref`, when an event
 * is set after `ref`, and by `Deno.exit()` after `exit`.
 *
 * @module
 */

import { SharedEvent, SharedMutex, waitAny } from "../../../mod.ts";

const [how, name] = Deno.args as [string, string];
const event = SharedEvent.openOrCreate(name, { reset: "manual" });
const mutex = SharedMutex.anonymous();
if (how !== "ref") { for (const object of [event, mutex]) object.unref(); }
const { signal } = new AbortController();
await mutex.lock();
const waits: Promise<unknown>[] = [
  event.wait(),
  event.wait({ timeout: 60_000 }),
  event.wait({ signal }),
  waitAny([event, event]),
];
if (how !== "ref") waits.push(mutex.lock());
console.log("ready");
if (how === "ref") Promise.all(waits).then(() => console.log("all of them"));
if (how === "exit") Deno.exit();

/**
 * Holds the mutex NAME by `lock()`. For the first line that it reads, it releases the mutex and
 * prints "released".
 *
 * @module
 */

import { SharedMutex } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";

const [name] = Deno.args as [string];
using mutex = SharedMutex.open(name);
const lock = await mutex.lock(soon);
console.log("ready");
const chunk = new Uint8Array(256);
await Deno.stdin.read(chunk);
lock.release();
console.log("released");
await Deno.stdin.read(chunk);

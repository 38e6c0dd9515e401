/**
 * Adds 1 to the first Int32 of a memory TIMES times, not atomically, while it holds a mutex. Half
 * of the locks are `lock()` by several tasks, and half are `lockSync()`. Releases the semaphore
 * READY before it begins. Arguments: `MUTEX MEMORY READY TIMES`.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { SharedMutex, SharedSemaphore } from "../../../src/sync/mod.ts";

const [mutexName, memoryName, readyName, times] = Deno.args as [string, string, string, string];
/** Much, because 64 processes count one after another. */
const soon = { timeout: 180_000 };
using mutex = SharedMutex.open(mutexName);
using memory = SharedMemory.open(memoryName, { access: "readwrite" });
using view = memory.map();
const counter = new Int32Array(view.buffer);
using ready = SharedSemaphore.open(readyName);
ready.release();
const half = Number(times) / 2;
await Promise.all(Array.from({ length: half }, async () => {
  using _lock = await mutex.lock(soon);
  const seen = counter[0]!;
  await Promise.resolve();
  counter[0] = seen + 1;
}));
for (let i = 0; i < half; i++) {
  using _lock = mutex.lockSync(soon);
  counter[0]!++;
}

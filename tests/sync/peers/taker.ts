/**
 * Waits for an event and a semaphore again and again, and counts what it takes. Half of the waits
 * are given up after up to 5 ms, by a signal or by a timeout. The counts are the Int32s of a memory,
 * and `[2]` ends the script. Arguments: `EVENT SEMAPHORE MEMORY`.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { SharedEvent, SharedSemaphore } from "../../../src/sync/mod.ts";
import { takeUntilStopped } from "./take.ts";

const [eventName, semaphoreName, memoryName] = Deno.args as [string, string, string];
using event = SharedEvent.open(eventName);
using semaphore = SharedSemaphore.open(semaphoreName);
using memory = SharedMemory.open(memoryName, { access: "readwrite" });
using view = memory.map();
const counts = new Int32Array(view.buffer);
console.log("ready");
await Promise.all([
  takeUntilStopped(event, counts, 0),
  takeUntilStopped(semaphore, counts, 1),
]);
console.log("done");

/**
 * Takes a mutex, an event and a semaphore that it inherited. Locks the mutex, sets the event, and
 * releases the semaphore by 5.
 *
 * @module
 */

import { SharedEvent, SharedMutex, SharedSemaphore } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";

using mutex = SharedMutex.inherited("mutex");
using event = SharedEvent.inherited("event");
using semaphore = SharedSemaphore.inherited("semaphore");
using _lock = mutex.lockSync(soon);
event.set();
semaphore.release(5);
for (const [kind, key] of [[SharedEvent, "mutex"], [SharedMutex, "missing"]] as const) {
  try {
    kind.inherited(key).close();
  } catch (error) {
    console.log(error instanceof Error ? error.name : error);
  }
}

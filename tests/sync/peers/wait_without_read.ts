/**
 * Waits without permission to read files, so that no thread of the module can start from a local
 * checkout. Prints the waits that still work, and the errors of the waits that do not.
 *
 * @module
 */

import { SharedEvent, SharedMutex, waitAny } from "../../../src/sync/mod.ts";

using event = SharedEvent.anonymous({ reset: "manual", signalled: true });
using mutex = SharedMutex.anonymous();
await event.wait({ timeout: 5000 });
mutex.lockSync().release();
console.log("waited and locked");
const { signal } = new AbortController();
for (
  const attempt of [
    () => mutex.lock(),
    () => waitAny([event, mutex]),
    () => event.wait({ signal }),
    () => mutex.lock(),
  ]
) {
  try {
    await attempt();
  } catch (error) {
    console.log(error instanceof Error ? error.name : error);
  }
}

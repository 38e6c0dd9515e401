/**
 * Waits for an event that is in use, and calls `unref()` during the wait. Then the process ends by
 * itself.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";

const event = SharedEvent.anonymous();
for (let time = 0; time < 20; time++) {
  setTimeout(() => event.set(), 2);
  await event.wait();
}
event.wait().then(() => console.log("signalled"));
await new Promise((resolve) => setTimeout(resolve, 1));
event.unref();
console.log("ready");

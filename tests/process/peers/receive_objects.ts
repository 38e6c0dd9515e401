/**
 * Listens in a window of the named class, and receives objects. The first is an event, which it
 * sets. The second is a semaphore, which it releases by 3. All later objects must be mutexes, which
 * it locks and releases.
 *
 * @module
 */

import { CopyDataListener } from "../../../src/messages/mod.ts";
import { receiveHandle } from "../../../src/process/mod.ts";
import { soon } from "../../support/soon.ts";

const [className] = Deno.args as [string];
let count = 0n;
await using listener = await CopyDataListener.open({
  class: className,
  onMessage: async (message) => {
    count++;
    if (count === 1n) {
      using event = receiveHandle(message, { of: "event" }).object;
      event.set();
    } else if (count === 2n) {
      using semaphore = receiveHandle(message, { of: "semaphore" }).object;
      semaphore.release(3);
    } else {
      using mutex = receiveHandle(message, { of: "mutex" }).object;
      (await mutex.lock(soon)).release();
    }
    return count;
  },
  onError: (error) => console.log(`refused ${error instanceof Error ? error.message : error}`),
});
console.log("ready");
await listener.finished;

/**
 * A client of listenRing(): `ring_client.ts NAME ACTION…`. It echoes numbers, and ends as the last
 * action says.
 */

import { connectRing } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";

const [name, ending] = Deno.args;
using client = await connectRing(name!, { ...soon, waitForServer: true });
console.log("ready");
for (let number = 0; number < 100; number++) {
  await client.sender.sendValue({ number }, soon);
  const answer = await client.receiver.receiveValue(soon);
  if (answer?.value !== number * 2) throw new Error(`Expected ${number * 2}, got ${answer?.value}`);
}
console.log("done");
if (ending === "die") {
  // Without an end of its own, the process is killed by the test.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

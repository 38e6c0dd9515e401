/**
 * Starts a Web Worker that sends one message after another to a window, and ends the Worker between
 * two sends or during one. Then the parent sends too. Argument: the handle of the window.
 *
 * @module
 */

import { sendCopyData } from "../../../src/messages/mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const ROUNDS = 5;
/** The number of sends after which the Worker reports: then its sends block its thread. */
const SENDS = 20;
/** The first send of each Worker starts a thread, which takes seconds on an emulated processor. */
const OPTIONS = { id: 1, timeout: 60_000 * SLOWNESS };

if (!("WorkerGlobalScope" in globalThis)) {
  const window = BigInt(Deno.args[0]!);
  for (let round = 0; round < ROUNDS; round++) {
    const worker = new Worker(import.meta.url, { type: "module", name: `${window}` });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
    console.log(`answered ${await sendCopyData(window, "ab", OPTIONS)}`);
  }
} else {
  const window = BigInt(globalThis.name);
  for (let count = 1;; count++) {
    await sendCopyData(window, "a", OPTIONS);
    if (count === SENDS) postToParent("sent");
  }
}

/**
 * The other process of the smoke test: writes to memory, sends a WM_COPYDATA, and then sends back
 * each message of a ring.
 *
 * @module
 */

import { findWindow, RingChannel, sendCopyData, SharedMemory } from "../../../mod.ts";
import { Sample } from "../sample.ts";

const [name] = Deno.args;
if (name === undefined) throw new TypeError("Expected a name");
const signal = AbortSignal.timeout(120_000);

{
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const sample = Sample.view(view);
  sample.sum = sample.small + Number(sample.large) + sample.fraction;
  sample.text = "seen – ✓";
}

const window = await findWindow({ class: name, signal });
await sendCopyData(window, "a text – ✓", { id: 7, signal });

using there = await RingChannel.waitFor(`${name} there`, { signal });
using back = await RingChannel.waitFor(`${name} back`, { signal });
using sender = back.sender();
for await (const message of there.receiver()) await sender.send(message.toReversed(), { signal });

/**
 * Waits until other processes read a ring, a latest value or a latest frame.
 *
 * @module
 */

import { SharedMemory } from "../../mod.ts";
import { MAGICS } from "../../src/channel/peer/memory.ts";
import { WAKE_BITS_OFFSET as BROADCAST } from "../../src/channel/broadcast/layout.ts";
import { WAKE_BITS_OFFSET as LATEST } from "../../src/channel/latest/layout.ts";
import { inspectReaders } from "../../src/channel/peer/inspection.ts";
import { within } from "../support/within.ts";

/** Waits until a number of readers of a name wait for a message. */
export async function waitingReaders(name: string, count: number): Promise<void> {
  using memory = SharedMemory.open(name);
  using view = memory.map({ byteLength: 1024 });
  const isRing = new DataView(view.buffer).getUint32(0, true) === MAGICS.broadcastRing;
  const offset = isRing ? BROADCAST : LATEST;
  const end = new AbortController();
  const arrived = async () => {
    while (inspectReaders(view.buffer, offset).waited < count && !end.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  try {
    await within(`${count} readers of ${name} wait`, arrived(), 60_000);
  } finally {
    end.abort();
  }
}

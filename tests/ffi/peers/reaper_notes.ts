/**
 * A Worker that opens and closes objects. It posts how many handles were open, and how many were
 * closed, when it removed their notes for the reaper.
 *
 * @module
 */

import { RingChannel, SharedEvent, SharedMemory, spawn } from "../../../mod.ts";
import { openLibrary } from "../../support/open_library.ts";
import { postToParent } from "../../support/post_to_parent.ts";

using kernel32 = openLibrary("kernel32.dll", {
  GetHandleInformation: { parameters: ["usize", "buffer"], result: "i32" },
});
const { GetHandleInformation } = kernel32.symbols;
const flags = new Uint32Array(1);
const counts = { open: 0, closed: 0 };

const { store } = Atomics;
Reflect.set(Atomics, "store", (words: BigUint64Array, index: number, value: bigint) => {
  const note = words[index];
  // A note whose two lowest bits are 0 is the value of a handle: see ffi/handle.ts.
  if (value === 0n && typeof note === "bigint" && note !== 0n && (note & 3n) === 0n) {
    counts[GetHandleInformation(note, flags) ? "open" : "closed"]++;
  }
  return store(words, index, value);
});

SharedEvent.anonymous().close();
SharedMemory.anonymous(4096).close();
RingChannel.anonymous().close();
{
  await using child = spawn("cmd", { args: ["/c", "echo Hello"], stdout: "piped" });
  await child.stdout.cancel();
}
postToParent(JSON.stringify(counts));

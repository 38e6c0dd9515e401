/**
 * What a WM_COPYDATA costs there and back, to a window of this thread and to one
 * of another process.
 *
 * @module
 */

import { findWindow, MessageWindow, sendCopyDataSync } from "../mod.ts";

const name = `winipc-bench-${crypto.randomUUID()}`;
const peer = new URL("./peers/window.ts", import.meta.url).href;
const child = new Deno.Command(Deno.execPath(), {
  args: ["run", "--no-prompt", "--allow-ffi", peer, name],
}).spawn();
globalThis.addEventListener("unload", () => child.kill());

const theirs = await findWindow({ class: name, timeout: 30_000 });
const ours = MessageWindow.open({
  procedure: ({ copyData }) => copyData && BigInt(copyData.bytes.length),
});

for (const [size, byteLength] of [["5 B", 5], ["1 KiB", 1024], ["64 KiB", 65_536]] as const) {
  const bytes = new Uint8Array(byteLength);
  Deno.bench(`sendCopyDataSync() of ${size} to another process`, { group: size }, () => {
    sendCopyDataSync(theirs, bytes);
  });
  Deno.bench(`sendCopyDataSync() of ${size} to this thread`, { group: size }, () => {
    sendCopyDataSync(ours, bytes);
  });
}

/**
 * Measures round trips of WM_COPYDATA to a listener of another process, and to a window of this
 * thread. Also measures messages with two numbers. `deno task report:copy-data` compares the first
 * with C.
 *
 * @module
 */

import { findWindow, MessageWindow, sendCopyData, sendCopyDataSync, sendMessage } from "../mod.ts";

const name = `winipc-bench-${crypto.randomUUID()}`;
const peer = new URL("./peers/listener.ts", import.meta.url).href;
const child = new Deno.Command(Deno.execPath(), {
  args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", peer, name, "busy"],
  stdout: "null",
}).spawn();
globalThis.addEventListener("unload", () => child.kill());

const theirs = await findWindow({ class: name, timeout: 30_000 });
const ours = MessageWindow.open({
  procedure: ({ copyData }) => copyData && BigInt(copyData.bytes.length),
});

// 768 KiB is the maximum that a listener accepts on Wine.
const SIZES = { "5 B": 5, "1 KiB": 1024, "64 KiB": 65_536, "768 KiB": 786_432 };
for (const [size, byteLength] of Object.entries(SIZES)) {
  const bytes = new Uint8Array(byteLength);
  Deno.bench(
    `sendCopyDataSync() of ${size} to another process`,
    { group: size, baseline: true },
    () => {
      sendCopyDataSync(theirs, bytes);
    },
  );
  Deno.bench(`sendCopyData() of ${size} to another process`, { group: size }, async () => {
    await sendCopyData(theirs, bytes);
  });
  Deno.bench(`sendCopyDataSync() of ${size} to this thread`, { group: size }, () => {
    sendCopyDataSync(ours, bytes);
  });
}

const WM_USER = 0x400;
const group = "two numbers";
Deno.bench("sendMessage() answered by a constant", { group, baseline: true }, async () => {
  await sendMessage(theirs, WM_USER, { wParam: 1, lParam: 2 });
});
Deno.bench("sendMessage() answered by a function of the script", { group }, async () => {
  await sendMessage(theirs, WM_USER + 1, { wParam: 1, lParam: 2 });
});

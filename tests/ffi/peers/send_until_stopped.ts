/**
 * A thread that sends WM_APP to a window again and again. When `isStopped` is 1, it sends WM_APP +
 * 1 instead.
 *
 * @module
 */

import { workerData } from "node:worker_threads";
import { user32 } from "../../../ffi/win32/user32.ts";

const { window, isStopped }: { window: bigint; isStopped: Int32Array<SharedArrayBuffer> } =
  workerData;
const WM_APP = 0x8000;
const answer = new BigInt64Array(1);
const { SendMessageTimeoutW } = user32();

for (;;) {
  const message = WM_APP + Atomics.load(isStopped, 0);
  SendMessageTimeoutW(window, message, 0n, 0n, 0, 20_000, answer);
}

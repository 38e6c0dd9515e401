/**
 * Starts a Web Worker. The Worker and its parent each open a listener and send to each other.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";

const channel = new BroadcastChannel("listen_in_worker");
const next = (): Promise<unknown> =>
  new Promise((resolve) => channel.onmessage = ({ data }) => resolve(data));

if (!isWorker()) {
  await using listener = await CopyDataListener.open({ onMessage: () => 9 });
  const handle = next();
  const worker = new Worker(import.meta.url, { type: "module", name: `${listener.handle}` });
  const window = await handle;
  if (typeof window !== "bigint") throw new TypeError("Expected the handle of a window");
  const answered = next();
  console.log(`the worker heard ${await sendCopyData(window, "Hello")} characters`);
  console.log(await answered);
  channel.close();
  worker.terminate();
} else {
  const parent = BigInt(globalThis.name);
  const listener = await CopyDataListener.open({
    onMessage: (message) => {
      setTimeout(async () => {
        const answer = await sendCopyData(parent, "Hello");
        await listener.close();
        channel.postMessage(`the worker was answered ${answer}`);
        channel.close();
      });
      return message.text().length;
    },
  });
  channel.postMessage(listener.handle);
}

function isWorker(): boolean {
  return "WorkerGlobalScope" in globalThis;
}

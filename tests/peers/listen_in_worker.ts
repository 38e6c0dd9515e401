/**
 * A Worker listens and sends to its parent, which does the same.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../src/messages/mod.ts";

if (import.meta.main && !("postMessage" in globalThis)) {
  await using listener = await CopyDataListener.open({ onMessage: () => 9 });
  const worker = new Worker(import.meta.url, { type: "module" });
  const heard = (): Promise<bigint | string> =>
    new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  const opened = heard();
  worker.postMessage(listener.handle);
  const window = await opened as bigint;
  const answered = heard();
  console.log(`the worker heard ${await sendCopyData(window, "Hello")} characters`);
  console.log(await answered);
} else {
  const parent = await new Promise<bigint>((resolve) => {
    globalThis.onmessage = ({ data }) => resolve(data);
  });
  const listener = await CopyDataListener.open({
    onMessage: (message) => {
      setTimeout(async () => {
        const answer = await sendCopyData(parent, "Hello");
        await listener.close();
        globalThis.postMessage(`the worker was answered ${answer}`);
        globalThis.close();
      });
      return message.text().length;
    },
  });
  globalThis.postMessage(listener.handle);
}

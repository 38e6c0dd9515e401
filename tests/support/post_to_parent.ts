import { parentPort } from "node:worker_threads";

/** Posts a message to the script that started this web or Node Worker. */
export function postToParent(message: unknown): void {
  if (parentPort !== null) parentPort.postMessage(message);
  else Reflect.apply(Reflect.get(globalThis, "postMessage"), globalThis, [message]);
}

import { parentPort } from "node:worker_threads";

/** Posts a word to the script that started this web or Node Worker. */
export function postToParent(word: string): void {
  if (parentPort !== null) parentPort.postMessage(word);
  else Reflect.apply(Reflect.get(globalThis, "postMessage"), globalThis, [word]);
}

import { parentPort } from "node:worker_threads";

/** Posts a word to the script that has started this Worker, of whichever kind. */
export function postToParent(word: string): void {
  if (parentPort !== null) parentPort.postMessage(word);
  else Reflect.apply(Reflect.get(globalThis, "postMessage"), globalThis, [word]);
}

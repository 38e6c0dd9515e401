/**
 * A Worker of crew.ts.
 *
 * @module
 */

import { postToParent } from "../../../../tests/support/post_to_parent.ts";

/**
 * A task of a Worker, which calls `answer` once. The task can go on after the answer. Then the
 * Worker does its next task later.
 */
export type MemberTask = (answer: (number: number) => void, ...words: string[]) => void;

/** Does the tasks that the crew posts to this Worker. */
export function work(tasks: Readonly<Record<string, MemberTask>>): void {
  addEventListener("message", (event) => {
    if (!(event instanceof MessageEvent)) return;
    const [name, ...words]: string[] = event.data;
    tasks[name!]!((number) => postToParent(`${number}`), ...words);
  });
  postToParent("0");
}

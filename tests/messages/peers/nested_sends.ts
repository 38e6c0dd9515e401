/**
 * A peer that asks another window before it answers: a message says how many more questions there
 * are to be, each inside the one before, and the answer is how many there were.
 *
 * @module
 */

import { CopyDataListener, findWindow } from "../../../src/messages/mod.ts";
import { answerNested } from "../send/nested_sends.ts";

const [name, next] = Deno.args as [string, string];
await using listener = await CopyDataListener.open({
  class: name,
  replyTimeout: 20_000,
  onMessage: async (message) => answerNested(message, await findWindow({ class: next })),
});
console.log("ready");
await listener.finished;

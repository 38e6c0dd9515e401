/**
 * Opens a listener that sends to another window before it answers. A message's id is the number of
 * further nested questions, and the answer is the number of questions that were asked.
 *
 * @module
 */

import { CopyDataListener, findWindow } from "../../../src/messages/mod.ts";
import { answerNested, PATIENCE } from "../send/nested_sends.ts";

const [name, next] = Deno.args as [string, string];
await using listener = await CopyDataListener.open({
  class: name,
  replyTimeout: PATIENCE,
  onMessage: async (message) => answerNested(message, await findWindow({ class: next })),
});
console.log("ready");
await listener.finished;

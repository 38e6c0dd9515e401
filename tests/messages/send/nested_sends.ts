/**
 * Scripts that ask each other back before they answer.
 *
 * @module
 */

import {
  type CopyDataMessage,
  sendCopyData,
  type WindowTarget,
} from "../../../src/messages/mod.ts";

/**
 * Handles a message whose number says how many more questions there are to be.
 *
 * @param next The window that is asked next.
 * @returns How many questions there were, with this one.
 */
export async function answerNested(message: CopyDataMessage, next: WindowTarget): Promise<bigint> {
  if (message.id === 0n) return 0n;
  return 1n + await sendCopyData(next, "", { id: message.id - 1n, timeout: 20_000 });
}

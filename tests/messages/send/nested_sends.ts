/**
 * The handler of scripts that send to each other before they answer.
 *
 * @module
 */

import {
  type CopyDataMessage,
  sendCopyData,
  type WindowTarget,
} from "../../../src/messages/mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";

/** Time limit for an answer, in milliseconds: 30 nested questions take 5 s on an idle machine. */
export const PATIENCE = 60_000 * SLOWNESS;

/**
 * Handles a message whose id is the number of further questions to ask.
 *
 * @param next The window that gets the next question.
 * @returns The number of questions that were asked after this message.
 */
export async function answerNested(message: CopyDataMessage, next: WindowTarget): Promise<bigint> {
  if (message.id === 0n) return 0n;
  return 1n + await sendCopyData(next, "", { id: message.id - 1n, timeout: PATIENCE });
}

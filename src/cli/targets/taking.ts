/**
 * The rule for targets that have one receiver.
 *
 * @module
 */

import { UsageError } from "../command_line/failure.ts";
import type { Target } from "./target.ts";

/**
 * Throws unless messages of a target may be taken.
 *
 * @param take Whether the user has written `--take`.
 * @throws {UsageError} If another program may wait for the messages.
 */
export function assertMayTake(target: Target, take: boolean): void {
  if (take || (target.kind !== "ring" && target.kind !== "mailslot")) return;
  throw new UsageError(
    `A ${target.kind} has one receiver: what winipc receives, the program that usually receives ` +
      "does not get. Add --take to take the messages",
  );
}

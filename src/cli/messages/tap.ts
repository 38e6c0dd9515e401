/**
 * Reads the messages of a broadcast ring, a latest value or a latest frame for the subcommands
 * `tail` and `record`.
 *
 * @module
 */

import { NotTappable } from "../../channel/tap/form.ts";
import {
  openSource,
  type OpenSourceOptions,
  type TapMessage,
  type TapSource,
} from "../../channel/tap/source.ts";
import { suggestSection } from "../memory/suggest_section.ts";
import { assertName } from "../command_line/object_name.ts";

/** The longest time that messages are read without a turn of the event loop, in milliseconds. */
const MAX_BUSY = 10;
/** The number of messages between two looks at the clock. */
const LOOK_EVERY = 64;

/**
 * Opens the source of a name that the user typed.
 *
 * @throws {UsageError} If the name is invalid.
 * @throws {Deno.errors.NotFound} If there is no such section. The message has a similar name.
 * @throws {Deno.errors.InvalidData} If the name belongs to something that cannot be read by several
 *   readers. The message gives advice.
 */
export function openNamed(name: string, options: OpenSourceOptions): TapSource {
  assertName(name);
  try {
    return openSource(name, options);
  } catch (error) {
    if (!(error instanceof NotTappable)) throw suggestSection(error, name);
    const advice = error.isChannel
      ? `; a channel has one receiver: winipc listen ring:${name} --take takes its messages`
      : `; winipc dump ${name} prints memory`;
    throw new Deno.errors.InvalidData(error.message + advice, { cause: error });
  }
}

/**
 * Calls a function with each message until the sender is closed, or until the function returns
 * `false`. The event loop gets its turns also while messages come without a pause.
 *
 * @throws The reason of the signal; every error of {@linkcode TapSource.next}.
 */
export async function forEachMessage(
  source: TapSource,
  signal: AbortSignal,
  visit: (message: TapMessage) => boolean | Promise<boolean>,
): Promise<void> {
  let turned = performance.now();
  for (let count = 1;; count++) {
    const message = source.take() ?? await source.next();
    if (message === undefined) return;
    const more = visit(message);
    if (!(typeof more === "boolean" ? more : await more)) return;
    if (count % LOOK_EVERY !== 0 || performance.now() - turned < MAX_BUSY) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    turned = performance.now();
    signal.throwIfAborted();
  }
}

/**
 * Events as targets.
 *
 * @module
 */

import { SharedEvent, waitUntil } from "../../sync/mod.ts";
import { resetOf } from "../../sync/event.ts";
import type { Source } from "./source.ts";
import { unless } from "../../../ffi/error.ts";
import { UsageError } from "../command_line/failure.ts";

/** Sets an event. */
export function setEvent(name: string): void {
  using event = SharedEvent.open(name);
  event.set();
}

/**
 * Opens an event to wait for it. An event that is reset by hand is reported once each time that it
 * is set.
 *
 * @param options `take`: whether to wait for an event although the wait resets it.
 * @throws {UsageError} If the wait would reset the event, and `take` is `false`.
 */
export function openEventSource(name: string, { take }: { take: boolean }): Source {
  using stack = new DisposableStack();
  const event = stack.use(SharedEvent.open(name, { access: "wait" }));
  const reset = unless(Deno.errors.PermissionDenied, () => resetOf(event));
  if (reset !== "manual" && !take) {
    const why = reset === "auto" ? "is reset by each wait" : "does not tell how it is reset";
    throw new UsageError(
      `The event ${JSON.stringify(name)} ${why}, so winipc would take its signal from the ` +
        "process that waits for it: add --take to do so",
    );
  }
  const opened = stack.move();
  let wasSet = false;
  return {
    async next(signal) {
      // Windows cannot wait until an event is reset.
      if (wasSet) await waitUntil(() => !isSet(event), { signal });
      await event.wait({ signal });
      wasSet = reset === "manual";
      return {};
    },
    close: () => opened.dispose(),
  };
}

function isSet(event: SharedEvent): boolean {
  try {
    event.waitSync({ timeout: 0 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return false;
    throw error;
  }
}

/**
 * Events: kernel objects that one thread sets and another waits for.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/event-objects}
 * @module
 */

import { lastError } from "./error.ts";
import { Handle } from "./handle.ts";
import { kernel32 } from "./kernel32.ts";

/**
 * Makes an event without a name that lets one waiting thread go each time it is set.
 *
 * @param kind What it is for, for messages.
 */
export function createEvent(kind: string): Handle {
  const value = kernel32().CreateEventW(null, 0, 0, null);
  if (value === 0n) throw lastError("CreateEventW", `Cannot make an event for ${kind}`);
  return new Handle(value, kind);
}

/**
 * Sets an event.
 *
 * @param event The event.
 * @throws {Deno.errors.BadResource} If it is closed.
 */
export function setEvent(event: Handle): void {
  if (!kernel32().SetEvent(event.value)) {
    throw lastError("SetEvent", `Cannot set the event for ${event.kind}`);
  }
}

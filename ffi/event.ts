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
 * Makes an event without a name.
 *
 * @param kind What it is for, for messages.
 * @param manual Whether it stays set until it is reset, rather than let one waiting thread go each
 *   time it is set.
 */
export function createEvent(kind: string, manual: boolean = false): Handle {
  const value = kernel32().CreateEventW(null, manual ? 1 : 0, 0, null);
  if (value === 0n) throw lastError("CreateEventW", `Cannot make an event for ${kind}`);
  return new Handle(value, `event for ${kind}`);
}

/**
 * Sets an event.
 *
 * @param event The event.
 * @throws {Deno.errors.BadResource} If it is closed.
 */
export function setEvent(event: Handle): void {
  if (!kernel32().SetEvent(event.value)) {
    throw lastError("SetEvent", `Cannot set ${event.kind}`);
  }
}

/**
 * Resets an event.
 *
 * @param event The event.
 * @throws {Deno.errors.BadResource} If it is closed.
 */
export function resetEvent(event: Handle): void {
  if (!kernel32().ResetEvent(event.value)) {
    throw lastError("ResetEvent", `Cannot reset ${event.kind}`);
  }
}

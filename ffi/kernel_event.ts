/**
 * Events: kernel objects that one thread sets and another waits for.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/event-objects}
 * @module
 */

import { errorFromCode, errorFromStatus, lastError, lastErrorCode } from "./error.ts";
import { Handle } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";

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

const ERROR_ACCESS_DENIED = 5;

/**
 * Sets an event.
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle only lets this process wait.
 */
export function setEvent(event: Handle): void {
  if (!kernel32().SetEvent(event.value)) {
    throw notModified("SetEvent", `Cannot set ${event.kind}`);
  }
}

/**
 * Resets an event.
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle only lets this process wait.
 */
export function resetEvent(event: Handle): void {
  if (!kernel32().ResetEvent(event.value)) {
    throw notModified("ResetEvent", `Cannot reset ${event.kind}`);
  }
}

/**
 * Whether only a call of ResetEvent resets an event.
 *
 * @param event A handle with EVENT_QUERY_STATE.
 */
export function isManual(event: Handle): boolean {
  // EVENT_BASIC_INFORMATION: EventType, 0 for a manual-reset event; EventState.
  const info = new Uint32Array(2);
  const status = ntdll().NtQueryEvent(event.value, 0, info, info.byteLength, null);
  if (status >= 0) return info[0] === 0;
  throw errorFromStatus(status, "NtQueryEvent", `Cannot ask how ${event.kind} is reset`);
}

function notModified(api: string, attempt: string): Error {
  const code = lastErrorCode();
  const denied = {
    hint: "the handle does not grant EVENT_MODIFY_STATE, only to wait: " +
      'open the event without { access: "wait" }, if its owner grants that',
  };
  return errorFromCode(code, api, attempt, code === ERROR_ACCESS_DENIED ? denied : {});
}

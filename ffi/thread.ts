/**
 * Threads of this process and of others.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/thread-security-and-access-rights}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode, unless } from "./error.ts";
import { Handle, SYNCHRONIZE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { assertKernelId } from "./arguments.ts";

/** The right to have a thread run an asynchronous procedure call. */
export const THREAD_SET_CONTEXT = 0x10;
/** The right to ask when a thread was started. */
const THREAD_QUERY_LIMITED_INFORMATION = 0x800;
/** What `OpenThread` says of a number that is no thread's. */
const ERROR_INVALID_PARAMETER = 87;

/** Tells a thread from all others: its id alone is given again. */
export interface ThreadIdentity {
  /** Its thread id. */
  readonly id: number;
  /** When it was started, as a FILETIME: units of 100 nanoseconds since 1601. */
  readonly start: bigint;
}

/** The thread that calls this. */
export function currentThread(): ThreadIdentity {
  const id = kernel32().GetCurrentThreadId();
  using thread = openThread(id);
  return { id, start: threadStartOf(thread) };
}

/**
 * Opens a thread to wait for its end.
 *
 * @param access Further rights, as a mask. @default none
 * @throws {Deno.errors.NotFound} If there is no such thread.
 * @throws {Deno.errors.PermissionDenied} If this user may not wait for it.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openthread}
 */
export function openThread(id: number, access: number = 0): Handle {
  assertKernelId("thread", id);
  const rights = SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION | access;
  const value = kernel32().OpenThread(rights, 0, id);
  if (value !== 0n) return new Handle(value, `thread ${id}`);
  const code = lastErrorCode();
  throw errorFromCode(
    code,
    "OpenThread",
    `Cannot open thread ${id}`,
    code === ERROR_INVALID_PARAMETER
      ? { as: "NotFound", hint: "there is no such thread" }
      : { hint: "it belongs to another user, or runs with more rights than this one" },
  );
}

/**
 * Opens the thread of an identity, to wait for its end.
 *
 * @returns `undefined` if it has ended.
 */
export function openSameThread({ id, start }: ThreadIdentity): Handle | undefined {
  const thread = unless(Deno.errors.NotFound, () => openThread(id));
  if (thread === undefined || threadStartOf(thread) === start) return thread;
  thread.close();
  return undefined;
}

/**
 * When a thread was started, as a FILETIME: units of 100 nanoseconds since 1601.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getthreadtimes}
 */
export function threadStartOf(thread: Handle): bigint {
  const [start, exit, kernel, user] = [0, 1, 2, 3].map(() => new BigUint64Array(1));
  if (!kernel32().GetThreadTimes(thread.value, start!, exit!, kernel!, user!)) {
    throw lastError("GetThreadTimes", `Cannot tell when ${thread.kind} was started`);
  }
  return start![0]!;
}

/**
 * Opens processes and threads by their ids, moves handles between processes, and reads the
 * environment of this process.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/process-security-and-access-rights}
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/thread-security-and-access-rights}
 * @module
 */

import {
  clearLastError,
  ERROR_INSUFFICIENT_BUFFER,
  errorFromCode,
  lastError,
  lastErrorCode,
  unless,
} from "./error.ts";
import { DUPLICATE_SAME_ACCESS, Handle, SYNCHRONIZE, Uncloneable } from "./handle.ts";
import { assertHandleValue, assertInteger, assertKernelId } from "./arguments.ts";
import { kernel32, kernelbase } from "./win32/kernel32.ts";
import { assertWide, decodeWideAt, encodeWide, MAX_TEXT, readWide } from "./wide.ts";

/** The right to duplicate handles into a process, and out of it. */
const PROCESS_DUP_HANDLE = 0x40;
/** The right to read a few properties of a process, such as its name, start time and exit code. */
const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
/** The result of `WaitForSingleObject` for a process that has ended. */
const WAIT_OBJECT_0 = 0;

/** The flag that closes the source handle, even if the duplication fails. */
const DUPLICATE_CLOSE_SOURCE = 1;
/** The error of `OpenProcess` and `OpenThread` if the id does not exist. */
const ERROR_INVALID_PARAMETER = 87;

/**
 * Opens a process.
 *
 * @example Open a process by its id
 * ```ts
 * import { openProcess } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * using process = openProcess(Deno.pid);
 * assertEquals(process.kind, `process ${Deno.pid}`);
 * ```
 *
 * @param purpose The use of the handle: `"handles"` to duplicate handles into the process and out
 *   of it, `"end"` to wait until the process ends.
 * @throws {Deno.errors.NotFound} If there is no such process.
 * @throws {Deno.errors.PermissionDenied} If the process does not grant this user the rights.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess}
 */
export function openProcess(pid: number, purpose: "handles" | "end" = "handles"): Handle {
  assertKernelId("process", pid);
  const access = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE |
    (purpose === "handles" ? PROCESS_DUP_HANDLE : 0);
  const value = kernel32().OpenProcess(access, 0, pid);
  if (value !== 0n) return new Handle(value, `process ${pid}`);
  const code = lastErrorCode();
  throw errorFromCode(
    code,
    "OpenProcess",
    `Cannot open process ${pid}`,
    code === ERROR_INVALID_PARAMETER
      ? { as: "NotFound", hint: "there is no such process" }
      : { hint: "the process belongs to another user, or runs with more rights than this process" },
  );
}

/**
 * Duplicates a handle of this process into another process.
 *
 * @example Put an event into a process, and take it back
 * ```ts
 * import { createEvent, openProcess, putHandle, takeHandle } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * const EVENT_ALL_ACCESS = 0x1f_0003;
 * using process = openProcess(Deno.pid);
 * using event = createEvent("putHandle");
 * const value = putHandle(process, event, EVENT_ALL_ACCESS);
 * using taken = takeHandle(process, value, "event", { away: true });
 * assert(!taken.closed);
 * ```
 *
 * @param process The target process, opened by {@linkcode openProcess}.
 * @param access The rights of the duplicate, as a mask.
 * @returns The value of the duplicate in the target process.
 * @throws {Deno.errors.NotFound} If the process has ended.
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 */
export function putHandle(process: Handle, handle: Handle, access: number): bigint {
  const self = kernel32().GetCurrentProcess();
  const attempt = `Cannot put ${handle.kind} into ${process.kind}`;
  return duplicate(self, handle.value, process, process.value, { access, flags: 0 }, attempt);
}

/**
 * Duplicates a handle of another process into this process.
 *
 * @example Take a handle out of a process
 * ```ts
 * import { createEvent, openProcess, setEvent, takeHandle } from "@winipc/winipc/ffi";
 * import { assertNotEquals } from "@std/assert";
 *
 * using process = openProcess(Deno.pid);
 * using event = createEvent("takeHandle");
 * using taken = takeHandle(process, event.value, "event");
 * setEvent(taken);
 * assertNotEquals(taken.value, event.value);
 * ```
 *
 * @param process The source process, opened by {@linkcode openProcess}.
 * @param value The handle's value in the source process.
 * @param kind The object's name in messages: `"event"`.
 * @param options `access`: the rights of the duplicate, as a mask; by default the rights of the
 *   source handle. `away`: whether the source handle is closed.
 * @throws {Deno.errors.BadResource} If the source process has no such handle.
 * @throws {Deno.errors.NotFound} If the process has ended.
 */
export function takeHandle(
  process: Handle,
  value: bigint,
  kind: string,
  { access, away = false }: { access?: number; away?: boolean } = {},
): Handle {
  const self = kernel32().GetCurrentProcess();
  const attempt = `Cannot take handle ${value} out of ${process.kind}`;
  assertHandleValue(value, attempt);
  const rights = {
    access: access ?? 0,
    flags: (access === undefined ? DUPLICATE_SAME_ACCESS : 0) |
      (away ? DUPLICATE_CLOSE_SOURCE : 0),
  };
  return new Handle(duplicate(process.value, value, process, self, rights, attempt), kind);
}

/**
 * Closes a handle in another process, if it still belongs to the expected object.
 *
 * @example Take back a handle that was put into a process
 * ```ts
 * import { closeHandleIn, createEvent, openProcess, putHandle } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * const SYNCHRONIZE = 0x10_0000;
 * using process = openProcess(Deno.pid);
 * using event = createEvent("closeHandleIn");
 * const value = putHandle(process, event, SYNCHRONIZE);
 * assert(closeHandleIn(process, value, event));
 * ```
 *
 * @param process The other process, opened by {@linkcode openProcess}.
 * @param value The handle's value in the other process.
 * @param same A handle of this process to the expected object.
 * @returns Whether the handle belonged to that object and is closed now.
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 */
export function closeHandleIn(process: Handle, value: bigint, same: Handle): boolean {
  try {
    using found = takeHandle(process, value, same.kind);
    if (!kernelbase().CompareObjectHandles(found.value, same.value)) return false;
    // DuplicateHandle without a target would close it too, but does not on Wine.
    takeHandle(process, value, same.kind, { away: true }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BadResource) return false;
    throw error;
  }
}

function duplicate(
  from: bigint,
  value: bigint,
  other: Handle,
  to: bigint,
  { access, flags }: { access: number; flags: number },
  attempt: string,
): bigint {
  const out = new BigUint64Array(1);
  if (kernel32().DuplicateHandle(from, value, to, out, access, 0, flags)) return out[0]!;
  const code = lastErrorCode();
  // An ended process still exists while a handle to it is open, and the call fails.
  throw errorFromCode(
    code,
    "DuplicateHandle",
    attempt,
    hasEnded(other) ? { as: "NotFound", hint: "the process has ended" } : {},
  );
}

/**
 * Returns whether a process has ended. The exit code is no proof: 259 also means "still running".
 */
function hasEnded(process: Handle): boolean {
  return kernel32().WaitForSingleObject(process.value, 0) === WAIT_OBJECT_0;
}

/**
 * Returns the exit code of a process that has ended, or 259 if it is still running.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getexitcodeprocess}
 */
export function exitCodeOf(process: Handle): number {
  const code = new Int32Array(1);
  if (!kernel32().GetExitCodeProcess(process.value, code)) {
    throw lastError("GetExitCodeProcess", `Cannot read the exit code of ${process.kind}`);
  }
  return code[0]!;
}

/**
 * Returns the path of a process's program; `undefined` if the process is gone or cannot be queried.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-queryfullprocessimagenamew}
 */
export function imagePathOf(pid: number): string | undefined {
  const { OpenProcess, QueryFullProcessImageNameW } = kernel32();
  const value = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
  if (value === 0n) return undefined;
  using process = new Handle(value, "process");
  const path = readWide((buffer) => {
    const length = Uint32Array.of(buffer.length);
    const done = QueryFullProcessImageNameW(process.value, 0, buffer, length);
    if (done) return length[0]!;
    return lastErrorCode() === ERROR_INSUFFICIENT_BUFFER ? buffer.length : 0;
  });
  return path || undefined;
}

/**
 * Returns the start time of a process as a FILETIME: units of 100 nanoseconds since 1601.
 *
 * Id and start time together identify a process. Windows reuses ids.
 *
 * @example Compare two start times of one process
 * ```ts
 * import { openProcess, startOf } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * using process = openProcess(Deno.pid, "end");
 * assertEquals(startOf(process), startOf());
 * ```
 *
 * @param process The process. @default this process
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocesstimes}
 */
export function startOf(process?: Handle): bigint {
  const [start, ...others] = [0, 1, 2, 3].map(() => new BigUint64Array(1));
  const handle = process?.value ?? kernel32().GetCurrentProcess();
  const [exit, kernel, user] = others;
  if (!kernel32().GetProcessTimes(handle, start!, exit!, kernel!, user!)) {
    throw lastError("GetProcessTimes", "Cannot read the start time of a process");
  }
  return start![0]!;
}

/**
 * Duplicates a handle into another process.
 *
 * @param rights The rights of the duplicate, as a mask.
 * @throws {Deno.errors.NotFound} If there is no such process.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to give the process handles.
 */
export let duplicateInto: (object: Handle, pid: number, rights: number) => DuplicatedHandle;

/**
 * A handle in another process. The other process owns it.
 *
 * @example Give a process read access to memory, and take it back
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import type { DuplicatedHandle } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using duplicate: DuplicatedHandle = memory.duplicateTo(Deno.pid, { access: "read" });
 * assert(duplicate.revoke());
 * ```
 */
export class DuplicatedHandle extends Uncloneable implements Disposable {
  /** The process id of the other process. */
  readonly pid: number;
  /** The handle's value in the other process. */
  readonly value: bigint;
  readonly #object: Handle;

  static {
    duplicateInto = (...args) => new DuplicatedHandle(...args);
  }

  /** Duplicates the handle into the process. It throws the errors of {@linkcode duplicateInto}. */
  protected constructor(object: Handle, pid: number, rights: number) {
    super();
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    this.pid = pid;
    using process = openProcess(pid);
    // This comes first: if it fails, no handle must be left in the other process.
    this.#object = object.duplicate();
    try {
      this.value = putHandle(process, object, rights);
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /**
   * Closes the handle in the other process, if it still belongs to the same object.
   *
   * Use it only if the other process does not know the handle's value yet. If that process closes
   * the handle itself, this call can close a new handle with the same value.
   *
   * @returns Whether the handle was there and is closed now. It is `false` if the process has
   *   ended.
   * @throws {Deno.errors.PermissionDenied} If the process cannot be opened any more.
   */
  revoke(): boolean {
    if (this.#object.closed) return false;
    try {
      using process = openProcess(this.pid);
      return closeHandleIn(process, this.value, this.#object);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    } finally {
      this.#object.close();
    }
  }

  /**
   * Closes this object, so that it cannot be revoked any more. The other process keeps its handle.
   */
  close(): void {
    this.#object.close();
  }

  /** Closes this object at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The right to queue an asynchronous procedure call for a thread. */
export const THREAD_SET_CONTEXT = 0x10;
/** The right to read a thread's start time. */
const THREAD_QUERY_LIMITED_INFORMATION = 0x800;

/** Identifies a thread. Windows reuses ids, so the id alone does not. */
export interface ThreadIdentity {
  /** The thread id that Windows gave. */
  readonly id: number;
  /** The start time as a FILETIME: units of 100 nanoseconds since 1601. */
  readonly start: bigint;
}

/** Returns the identity of the calling thread. */
export function currentThread(): ThreadIdentity {
  const id = kernel32().GetCurrentThreadId();
  using thread = openThread(id);
  return { id, start: threadStartOf(thread) };
}

/**
 * Opens a thread to wait for its end.
 *
 * @param access Further rights to ask for, as a mask.
 * @throws {Deno.errors.NotFound} If there is no such thread.
 * @throws {Deno.errors.PermissionDenied} If the thread does not grant this user the rights.
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
      : { hint: "the thread belongs to another user, or runs with more rights than this thread" },
  );
}

/**
 * Opens the thread with an identity, to wait for its end.
 *
 * @returns `undefined` if the thread has ended.
 */
export function openSameThread({ id, start }: ThreadIdentity): Handle | undefined {
  const thread = unless(Deno.errors.NotFound, () => openThread(id));
  if (thread === undefined || threadStartOf(thread) === start) return thread;
  thread.close();
  return undefined;
}

/**
 * Returns the start time of a thread as a FILETIME: units of 100 nanoseconds since 1601.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getthreadtimes}
 */
export function threadStartOf(thread: Handle): bigint {
  const [start, exit, kernel, user] = [0, 1, 2, 3].map(() => new BigUint64Array(1));
  if (!kernel32().GetThreadTimes(thread.value, start!, exit!, kernel!, user!)) {
    throw lastError("GetThreadTimes", `Cannot read the start time of ${thread.kind}`);
  }
  return start![0]!;
}

/**
 * Returns the id of the process that a thread belongs to; `undefined` if the thread is gone or
 * cannot be queried.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocessidofthread}
 */
export function processOfThread(id: number): number | undefined {
  const { GetProcessIdOfThread, OpenThread } = kernel32();
  const value = OpenThread(THREAD_QUERY_LIMITED_INFORMATION, 0, id);
  if (value === 0n) return undefined;
  using thread = new Handle(value, `thread ${id}`);
  return GetProcessIdOfThread(thread.value) || undefined;
}

/**
 * Returns the number of the session in which this process runs. Each user who is logged on has a
 * session.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-processidtosessionid}
 */
export function currentSession(): number {
  const out = new Uint32Array(1);
  if (kernel32().ProcessIdToSessionId(Deno.pid, out)) return out[0]!;
  throw lastError("ProcessIdToSessionId", "Cannot find out the session of this process");
}

/**
 * Returns the current directory of this process. It needs no `--allow-read`, unlike `Deno.cwd`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getcurrentdirectory}
 */
export function currentDirectory(): string {
  const { GetCurrentDirectoryW } = kernel32();
  const path = readWide((buffer) => GetCurrentDirectoryW(buffer.length, buffer));
  if (path !== "") return path;
  throw lastError("GetCurrentDirectoryW", "Cannot find out the current directory");
}

const ERROR_ENVVAR_NOT_FOUND = 203;
/** Maximum length of a variable's name, and of a value that can be set, in UTF-16 code units. */
export const MAX_VARIABLE: number = MAX_TEXT;

/**
 * Reads an environment variable of this process. It needs no `--allow-env`, unlike `Deno.env`.
 *
 * @example Read a variable without --allow-env
 * ```ts
 * import { environmentVariable } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(environmentVariable("SystemRoot"), environmentVariable("SYSTEMROOT"));
 * ```
 *
 * @param name The variable's name, in upper or lower case.
 * @returns The value, or `undefined` if there is no such variable.
 * @throws {TypeError} If the name is not a string, or contains a NUL.
 * @throws {RangeError} If the name has more than 32,766 characters.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getenvironmentvariablew}
 */
export function environmentVariable(name: string): string | undefined {
  assertWide("name", name, { max: MAX_VARIABLE });
  const { GetEnvironmentVariableW } = kernel32();
  const wideName = encodeWide(name);
  let code = 0;
  const value = readWide((buffer) => {
    // The length is 0 for an empty value and for a failure. Only the error code shows which it is,
    // and a call that succeeds can leave an older error in place.
    clearLastError();
    const length = GetEnvironmentVariableW(wideName, buffer, buffer.length);
    if (length === 0) code = lastErrorCode();
    return length;
  });
  if (code === 0) return value;
  if (code === ERROR_ENVVAR_NOT_FOUND) return undefined;
  throw errorFromCode(
    code,
    "GetEnvironmentVariableW",
    `Cannot read the environment variable ${name}`,
  );
}

/**
 * Reads the whole environment of this process.
 *
 * @returns The variables, each as `NAME=VALUE`.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getenvironmentstringsw}
 */
export function environmentStrings(): string[] {
  const { FreeEnvironmentStringsW, GetEnvironmentStringsW } = kernel32();
  const block = GetEnvironmentStringsW();
  if (block === null) return [];
  try {
    const strings: string[] = [];
    for (let at = 0n;;) {
      const text = decodeWideAt(offsetPointer(block, at));
      if (text === "") return strings;
      strings.push(text);
      at += BigInt(text.length + 1) * 2n;
    }
  } finally {
    FreeEnvironmentStringsW(block);
  }
}

function offsetPointer(base: Deno.PointerObject, bytes: bigint): Deno.PointerObject {
  return Deno.UnsafePointer.create(Deno.UnsafePointer.value(base) + bytes)!;
}

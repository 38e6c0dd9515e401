/**
 * Processes and threads by their ids, handles in other processes, and the environment of this one.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/process-security-and-access-rights}
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/thread-security-and-access-rights}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode, unless } from "./error.ts";
import { DUPLICATE_SAME_ACCESS, Handle, SYNCHRONIZE, Uncloneable } from "./handle.ts";
import { assertHandleValue, assertInteger, assertKernelId } from "./arguments.ts";
import { kernel32, kernelbase } from "./win32/kernel32.ts";
import { assertWide, decodeWideAt, encodeWide, MAX_TEXT, readWide } from "./wide.ts";

/** The right to give a process handles, and to take them. */
const PROCESS_DUP_HANDLE = 0x40;
/** The right to ask for little more than a process's name, and whether it has ended. */
const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;
/** What `WaitForSingleObject` says of a process that has ended. */
const WAIT_OBJECT_0 = 0;

/** `DUPLICATE_CLOSE_SOURCE`: the handle that is duplicated is closed, also where that fails. */
const DUPLICATE_CLOSE_SOURCE = 1;
/** What `OpenProcess` and `OpenThread` say of a number that is no id. */
const ERROR_INVALID_PARAMETER = 87;

/**
 * Opens a process.
 *
 * @param purpose To give it handles and to take them, or to wait until it ends.
 * @throws {Deno.errors.NotFound} If there is no such process.
 * @throws {Deno.errors.PermissionDenied} If this user may not do that with it.
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
      : { hint: "it belongs to another user, or runs with more rights than this one" },
  );
}

/**
 * Puts a handle of this process into another one.
 *
 * @param process The process, opened by {@linkcode openProcess}.
 * @param access The rights that the new one has, as a mask.
 * @returns The new handle's value there.
 * @throws {Deno.errors.NotFound} If the process has ended.
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 */
export function putHandle(process: Handle, handle: Handle, access: number): bigint {
  const self = kernel32().GetCurrentProcess();
  const attempt = `Cannot put ${handle.kind} into ${process.kind}`;
  return duplicate(self, handle.value, process, process.value, { access, flags: 0 }, attempt);
}

/**
 * Takes a duplicate of a handle of another process.
 *
 * @param process The process, opened by {@linkcode openProcess}.
 * @param value The handle's value there.
 * @param kind What it is a handle of, for messages.
 * @param options The rights of the duplicate, as a mask (by default those of the handle there), and
 *   whether that one is closed.
 * @throws {Deno.errors.BadResource} If it is no handle there.
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
 * Closes a handle in another process, if it is still one of the same object.
 *
 * @param process The process, opened by {@linkcode openProcess}.
 * @param value The handle's value there.
 * @param same A handle of the object.
 * @returns Whether it was.
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 */
export function closeHandleIn(process: Handle, value: bigint, same: Handle): boolean {
  try {
    using found = takeHandle(process, value, same.kind);
    if (!kernelbase().CompareObjectHandles(found.value, same.value)) return false;
    // Taken away rather than closed from afar (with no target), which Wine does not do.
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
  // A process that has ended is there for as long as somebody has a handle of it, and refuses.
  throw errorFromCode(
    code,
    "DuplicateHandle",
    attempt,
    hasEnded(other) ? { as: "NotFound", hint: "the process has ended" } : {},
  );
}

/**
 * Whether a process has ended. Its exit code does not tell: 259 also stands for one that has not.
 */
function hasEnded(process: Handle): boolean {
  return kernel32().WaitForSingleObject(process.value, 0) === WAIT_OBJECT_0;
}

/**
 * The exit code of a process that has ended; 259 while it has not.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getexitcodeprocess}
 */
export function exitCodeOf(process: Handle): number {
  const code = new Int32Array(1);
  if (!kernel32().GetExitCodeProcess(process.value, code)) {
    throw lastError("GetExitCodeProcess", `Cannot tell how ${process.kind} ended`);
  }
  return code[0]!;
}

/**
 * When a process was started, as a FILETIME: units of 100 nanoseconds since 1601.
 *
 * With its id, it tells a process from all others: an id alone is given again.
 *
 * @param process The process; none: this one.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-getprocesstimes}
 */
export function startOf(process?: Handle): bigint {
  const [start, ...others] = [0, 1, 2, 3].map(() => new BigUint64Array(1));
  const handle = process?.value ?? kernel32().GetCurrentProcess();
  const [exit, kernel, user] = others;
  if (!kernel32().GetProcessTimes(handle, start!, exit!, kernel!, user!)) {
    throw lastError("GetProcessTimes", "Cannot tell when a process was started");
  }
  return start![0]!;
}

/**
 * Puts a duplicate of a handle into another process.
 *
 * @param rights What the duplicate grants, as a mask.
 * @throws {Deno.errors.NotFound} If there is no such process.
 * @throws {Deno.errors.PermissionDenied} If this user may not give it handles.
 */
export let duplicateInto: (object: Handle, pid: number, rights: number) => DuplicatedHandle;

/** A handle in another process, which that process owns. */
export class DuplicatedHandle extends Uncloneable implements Disposable {
  /** The process that has it. */
  readonly pid: number;
  /** The handle's value there. */
  readonly value: bigint;
  readonly #object: Handle;

  static {
    duplicateInto = (...args) => new DuplicatedHandle(...args);
  }

  /** Puts the handle into the process; {@linkcode duplicateInto} says what it throws. */
  protected constructor(object: Handle, pid: number, rights: number) {
    super();
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    this.pid = pid;
    using process = openProcess(pid);
    // Made first, for when it cannot be made there must be nothing in the other process.
    this.#object = object.duplicate();
    try {
      this.value = putHandle(process, object, rights);
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /**
   * Closes the handle in the other process, for one that will not take it: that is looked
   * at first, so that no other handle is closed whose number is now the same.
   *
   * A process that closes its handle itself at the very same time can still get another
   * one closed; so this is not for a process that has been told of it and may use it.
   *
   * @returns Whether it was there and is closed now; `false` also when the process is gone.
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

  /** Lets go of what is needed to revoke it; the other process keeps its handle. */
  close(): void {
    this.#object.close();
  }

  /** Lets go of it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The right to have a thread run an asynchronous procedure call. */
export const THREAD_SET_CONTEXT = 0x10;
/** The right to ask when a thread was started. */
const THREAD_QUERY_LIMITED_INFORMATION = 0x800;

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

const ERROR_ENVVAR_NOT_FOUND = 203;
/** The longest name of a variable, and the longest value that can be set, in UTF-16 code units. */
export const MAX_VARIABLE: number = MAX_TEXT;

/**
 * Reads a variable of this process's environment, which Deno guards by a permission of its own.
 *
 * @param name Its name; upper and lower case are the same.
 * @returns Its value; `undefined` if there is none.
 * @throws {TypeError} If the name is no string, or has a NUL in it.
 * @throws {RangeError} If the name has more than 32,766 characters.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getenvironmentvariablew}
 */
export function environmentVariable(name: string): string | undefined {
  assertWide("name", name, { max: MAX_VARIABLE });
  const { GetEnvironmentVariableW, SetLastError } = kernel32();
  const wideName = encodeWide(name);
  let code = 0;
  const value = readWide((buffer) => {
    // An empty value has length 0, as a failure has, and success leaves an older error standing.
    SetLastError(0);
    const length = GetEnvironmentVariableW(wideName, buffer, buffer.length);
    if (length === 0) code = lastErrorCode();
    return length;
  });
  if (code === 0) return value;
  if (code === ERROR_ENVVAR_NOT_FOUND) return undefined;
  throw errorFromCode(code, "GetEnvironmentVariableW", `Cannot read the variable ${name}`);
}

/**
 * Reads the whole environment of this process.
 *
 * @returns The variables, as `NAME=VALUE`.
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

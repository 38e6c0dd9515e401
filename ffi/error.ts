/**
 * Makes exceptions of Deno's error classes for failed Win32 calls.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes}
 * @module
 */

import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";
import { lastErrorFunctions } from "./win32/types.ts";
import { readWide } from "./wide.ts";

/** Details of a failure that Windows' own text does not give. */
export interface FailureOptions {
  /** The class of `Deno.errors` to throw. @default {@linkcode Win32Error} itself */
  as?: keyof typeof Deno.errors;
  /** The likely reason and the remedy, for the end of the message. */
  hint?: string;
}

/** The name, class and hint of an error code. */
interface KnownError extends FailureOptions {
  /** Microsoft's name for the code. */
  name: string;
}

const KNOWN: Readonly<Record<number, KnownError>> = {
  2: { name: "ERROR_FILE_NOT_FOUND", as: "NotFound" },
  3: { name: "ERROR_PATH_NOT_FOUND", as: "NotFound" },
  5: {
    name: "ERROR_ACCESS_DENIED",
    as: "PermissionDenied",
    hint: "the object may belong to another user, or not grant the rights that were asked for",
  },
  6: {
    name: "ERROR_INVALID_HANDLE",
    as: "BadResource",
    hint:
      "the handle is closed or of another kind, or the name belongs to an object of another kind",
  },
  8: {
    name: "ERROR_NOT_ENOUGH_MEMORY",
    hint: "the address space or the memory of this process is used up: map less at a time",
  },
  13: { name: "ERROR_INVALID_DATA", as: "InvalidData" },
  32: { name: "ERROR_SHARING_VIOLATION", as: "Busy", hint: "another program has the file open" },
  50: { name: "ERROR_NOT_SUPPORTED", as: "NotSupported" },
  80: { name: "ERROR_FILE_EXISTS", as: "AlreadyExists" },
  87: { name: "ERROR_INVALID_PARAMETER" },
  109: { name: "ERROR_BROKEN_PIPE", as: "BrokenPipe" },
  112: { name: "ERROR_DISK_FULL", hint: "the file's volume is full" },
  120: { name: "ERROR_CALL_NOT_IMPLEMENTED", as: "NotSupported" },
  123: { name: "ERROR_INVALID_NAME", as: "NotFound" },
  183: {
    name: "ERROR_ALREADY_EXISTS",
    as: "AlreadyExists",
    hint: "an object of this name already exists: open it, or take another name",
  },
  193: { name: "ERROR_BAD_EXE_FORMAT", as: "InvalidData" },
  231: {
    name: "ERROR_PIPE_BUSY",
    as: "Busy",
    hint: "no instance of the pipe waits for a client: the server is busy with other clients",
  },
  232: { name: "ERROR_NO_DATA", as: "BrokenPipe" },
  233: { name: "ERROR_PIPE_NOT_CONNECTED", as: "BrokenPipe" },
  258: { name: "WAIT_TIMEOUT", as: "TimedOut" },
  267: { name: "ERROR_DIRECTORY", as: "NotFound", hint: "there is no such folder (cwd)" },
  1006: { name: "ERROR_FILE_INVALID", as: "InvalidData" },
  1132: { name: "ERROR_MAPPED_ALIGNMENT" },
  1307: {
    name: "ERROR_INVALID_OWNER",
    as: "PermissionDenied",
    hint: "the owner must be this user or one of this user's groups",
  },
  1314: {
    name: "ERROR_PRIVILEGE_NOT_HELD",
    as: "PermissionDenied",
    hint: "only services and elevated programs can create a Global\\ object " +
      "(SeCreateGlobalPrivilege); use a bare name to share it within this session",
  },
  1400: { name: "ERROR_INVALID_WINDOW_HANDLE", as: "NotFound" },
  1410: {
    name: "ERROR_CLASS_ALREADY_EXISTS",
    as: "AlreadyExists",
    hint: "this process already has a window class of this name: take another name",
  },
  1450: {
    name: "ERROR_NO_SYSTEM_RESOURCES",
    hint: "the system lacks resources for this section: make it smaller, or use { reserve: true }",
  },
  1455: {
    name: "ERROR_COMMITMENT_LIMIT",
    hint: "memory and page file together are too small for this section: make it smaller, " +
      "use { reserve: true }, or enlarge the page file",
  },
  1460: { name: "ERROR_TIMEOUT", as: "TimedOut" },
};

/** The error of a function whose buffer is too small for a text. */
export const ERROR_INSUFFICIENT_BUFFER = 122;

/** `FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS`. */
const FROM_SYSTEM = 0x1000 | 0x200;

/**
 * A Win32 call that failed.
 *
 * If Deno has a class for the failure, such as `Deno.errors.NotFound`, an error of that class is
 * thrown. It has the same message, and this error as its `cause`.
 *
 * @example Find out which call failed, and why
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { Win32Error } from "@winipc/winipc/ffi";
 * import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => SharedMemory.open("not there"), Deno.errors.NotFound);
 * assertInstanceOf(error.cause, Win32Error);
 * assertEquals([error.cause.api, error.cause.code], ["OpenFileMappingW", 2]);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes}
 */
export class Win32Error extends Error {
  /** The name of the class: `"Win32Error"`. */
  override readonly name = "Win32Error";
  /** The function that failed, such as `"CreateFileMappingW"`. */
  readonly api: string;
  /** The error code that `GetLastError` returned. */
  readonly code: number;

  /**
   * Makes an error for a failed call.
   *
   * @param api The name of the function that failed, such as `"CreateFileMappingW"`.
   * @param message The attempt and the failure, as a sentence.
   */
  constructor(api: string, code: number, message: string) {
    super(message);
    this.api = api;
    this.code = code;
  }
}

/**
 * Returns the code of this thread's last error.
 *
 * The result is right only if this is the very next call after the call that failed. It is never
 * right after a `nonblocking` call, which runs on another thread.
 *
 * @example Read the error code of a failed call
 * ```ts
 * import { kernel32, lastErrorCode } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * const ERROR_INVALID_HANDLE = 6;
 * kernel32().CloseHandle(0x10_0000n);
 * assertEquals(lastErrorCode(), ERROR_INVALID_HANDLE);
 * ```
 */
export function lastErrorCode(): number {
  return lastErrorFunctions().GetLastError();
}

/**
 * Sets this thread's last error to 0, before a call that can succeed or fail without setting it.
 */
export function clearLastError(): void {
  lastErrorFunctions().SetLastError(0);
}

/**
 * Makes the exception for the call that has just failed, from this thread's last error.
 *
 * @example Describe a failed call
 * ```ts
 * import { kernel32, lastError } from "@winipc/winipc/ffi";
 * import { assertInstanceOf } from "@std/assert";
 *
 * kernel32().CloseHandle(0x10_0000n);
 * const error = lastError("CloseHandle", "Cannot close my handle");
 * assertInstanceOf(error, Deno.errors.BadResource);
 * ```
 *
 * @param api The name of the function that failed.
 * @param attempt The attempt and its object: `Cannot open shared memory "Local\\x"`.
 */
export function lastError(api: string, attempt: string): Error {
  return errorFromCode(lastErrorCode(), api, attempt);
}

/**
 * Makes the exception for an `NTSTATUS`.
 *
 * @example Translate a status of the kernel
 * ```ts
 * import { errorFromStatus } from "@winipc/winipc/ffi";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const STATUS_ACCESS_DENIED = 0xc000_0022 | 0;
 * const error = errorFromStatus(STATUS_ACCESS_DENIED, "NtQueryObject", "Cannot look at it");
 * assertInstanceOf(error, Deno.errors.PermissionDenied);
 * ```
 *
 * @param status The status that the call returned, a signed 32-bit integer.
 * @param api The name of the function that failed.
 * @param attempt The attempt and its object: `Cannot open shared memory "Local\\x"`.
 * @param special A class or a hint to use instead of the code's usual one.
 */
export function errorFromStatus(
  status: number,
  api: string,
  attempt: string,
  special: FailureOptions = {},
): Error {
  return errorFromCode(ntdll().RtlNtStatusToDosError(status), api, attempt, special);
}

/**
 * Makes the exception for an error code.
 *
 * @example Throw a class of your choice
 * ```ts
 * import { errorFromCode } from "@winipc/winipc/ffi";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const ERROR_TIMEOUT = 1460;
 * const error = errorFromCode(ERROR_TIMEOUT, "SendMessageTimeoutW", "Cannot ask", { as: "Busy" });
 * assertInstanceOf(error, Deno.errors.Busy);
 * ```
 *
 * @param api The name of the function that failed.
 * @param attempt The attempt and its object: `Cannot open shared memory "Local\\x"`.
 * @param special A class or a hint to use instead of the code's usual one.
 */
export function errorFromCode(
  code: number,
  api: string,
  attempt: string,
  special: FailureOptions = {},
): Error {
  const known: KnownError | undefined = KNOWN[code];
  const as = special.as ?? known?.as;
  const hint = special.hint ?? known?.hint;
  const message = describe(code, api, attempt, known?.name, hint);
  const cause = new Win32Error(api, code, message);
  return as === undefined ? cause : new Deno.errors[as](message, { cause });
}

/**
 * Returns the error code of an exception that this module made, and `undefined` for any other
 * error.
 *
 * @example Find out the code behind an exception
 * ```ts
 * import { codeOf } from "@winipc/winipc/ffi";
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => SharedMemory.open("nowhere of codeOf"));
 * assertEquals(codeOf(error), 2); // ERROR_FILE_NOT_FOUND
 * ```
 */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof Win32Error) return error.code;
  return error instanceof Error && error.cause instanceof Win32Error ? error.cause.code : undefined;
}

/**
 * Returns the result of a function, or `undefined` if the function throws an error of one class.
 */
export function unless<T>(
  expected: new (message: string) => Error,
  attempt: () => T,
): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof expected) return undefined;
    throw error;
  }
}

function describe(
  code: number,
  api: string,
  attempt: string,
  name: string | undefined,
  hint: string | undefined,
): string {
  const text = systemText(code);
  return `${attempt}: ${api} failed with error ${code}` +
    (name === undefined ? "" : ` (${name})`) +
    (text === "" ? "" : `, "${text}"`) +
    (hint === undefined ? "" : `; ${hint}`);
}

/** Returns Windows' own text for a code, without its line break and full stop. */
function systemText(code: number): string {
  const text = readWide((buffer) => {
    const { FormatMessageW } = kernel32();
    const length = FormatMessageW(FROM_SYSTEM, null, code, 0, buffer, buffer.length, null);
    return length > 0 || lastErrorCode() !== ERROR_INSUFFICIENT_BUFFER ? length : buffer.length;
  });
  return text.trim().replace(/\.$/, "");
}

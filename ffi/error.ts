/**
 * Failures of Win32 calls as exceptions that a Deno user would catch.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/system-error-codes}
 * @module
 */

import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";
import { readWide } from "./wide.ts";

/** What can be said of a failure beyond Windows' own text. */
export interface FailureOptions {
  /** The class that a Deno user would catch. @default {@linkcode Win32Error} itself */
  as?: keyof typeof Deno.errors;
  /** What can be done about it, where that is known. */
  hint?: string;
}

/** What is known of an error code, wherever it comes from. */
interface KnownError extends FailureOptions {
  /** Microsoft's name of the code. */
  name: string;
}

const KNOWN: Readonly<Record<number, KnownError>> = {
  2: { name: "ERROR_FILE_NOT_FOUND", as: "NotFound" },
  3: { name: "ERROR_PATH_NOT_FOUND", as: "NotFound" },
  5: {
    name: "ERROR_ACCESS_DENIED",
    as: "PermissionDenied",
    hint: "another user may own it, or it grants less than was asked for",
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
  32: { name: "ERROR_SHARING_VIOLATION", as: "Busy", hint: "another program has it open" },
  50: { name: "ERROR_NOT_SUPPORTED", as: "NotSupported" },
  80: { name: "ERROR_FILE_EXISTS", as: "AlreadyExists" },
  87: { name: "ERROR_INVALID_PARAMETER" },
  109: { name: "ERROR_BROKEN_PIPE", as: "BrokenPipe" },
  112: { name: "ERROR_DISK_FULL", hint: "the volume of the file has no room left" },
  120: { name: "ERROR_CALL_NOT_IMPLEMENTED", as: "NotSupported" },
  123: { name: "ERROR_INVALID_NAME", as: "NotFound" },
  183: {
    name: "ERROR_ALREADY_EXISTS",
    as: "AlreadyExists",
    hint: "somebody holds an object of this name: open it, or take another name",
  },
  193: { name: "ERROR_BAD_EXE_FORMAT", as: "InvalidData" },
  258: { name: "WAIT_TIMEOUT", as: "TimedOut" },
  267: { name: "ERROR_DIRECTORY", as: "NotFound", hint: "there is no such folder (cwd)" },
  1006: { name: "ERROR_FILE_INVALID", as: "InvalidData" },
  1132: { name: "ERROR_MAPPED_ALIGNMENT" },
  1307: {
    name: "ERROR_INVALID_OWNER",
    as: "PermissionDenied",
    hint: "only this user or a group of this user's can be named as owner",
  },
  1314: {
    name: "ERROR_PRIVILEGE_NOT_HELD",
    as: "PermissionDenied",
    hint: "a Global\\ object is made only by services and elevated programs " +
      "(SeCreateGlobalPrivilege); a bare name is shared within the session",
  },
  1400: { name: "ERROR_INVALID_WINDOW_HANDLE", as: "NotFound" },
  1410: {
    name: "ERROR_CLASS_ALREADY_EXISTS",
    as: "AlreadyExists",
    hint: "this process has a window class of that name: take another name",
  },
  1450: {
    name: "ERROR_NO_SYSTEM_RESOURCES",
    hint: "the system has no room for this section: make it smaller, or use { reserve: true }",
  },
  1455: {
    name: "ERROR_COMMITMENT_LIMIT",
    hint: "memory and page file together cannot promise this much: make it smaller, " +
      "use { reserve: true }, or enlarge the page file",
  },
  1460: { name: "ERROR_TIMEOUT", as: "TimedOut" },
};

/** What a function says whose buffer is too small for a text. */
export const ERROR_INSUFFICIENT_BUFFER = 122;

/** `FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS`. */
const FROM_SYSTEM = 0x1000 | 0x200;

/**
 * A Win32 call that failed.
 *
 * Where Deno has a class for the failure (`Deno.errors.NotFound`, …) that one is
 * thrown, with the same message and this error as its `cause`.
 *
 * @example
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
  /** The class's name. */
  override readonly name = "Win32Error";
  /** The function that failed, such as `"CreateFileMappingW"`. */
  readonly api: string;
  /** The error's code, as `GetLastError` gives it. */
  readonly code: number;

  /**
   * Describes a failure.
   *
   * @param api The function that failed.
   * @param message What was tried and what came of it.
   */
  constructor(api: string, code: number, message: string) {
    super(message);
    this.api = api;
    this.code = code;
  }
}

/**
 * The code of the last error of this thread.
 *
 * Right only as the very next call after the one that failed, and never after a
 * `nonblocking` one, which runs on another thread.
 */
export function lastErrorCode(): number {
  return kernel32().GetLastError();
}

/**
 * Makes the exception for the call before, from the last error.
 *
 * @param api The function that failed.
 * @param attempt What was tried, on what: `Cannot open shared memory "Local\\x"`.
 */
export function lastError(api: string, attempt: string): Error {
  return errorFromCode(lastErrorCode(), api, attempt);
}

/**
 * Makes the exception for an `NTSTATUS`.
 *
 * @param status What the call returned.
 * @param api The function that failed.
 * @param attempt What was tried, on what.
 */
export function errorFromStatus(status: number, api: string, attempt: string): Error {
  return errorFromCode(ntdll().RtlNtStatusToDosError(status), api, attempt);
}

/**
 * Makes the exception for an error code.
 *
 * @param api The function that failed.
 * @param attempt What was tried, on what.
 * @param special What is known better here than for the code in general.
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
 * The code of an exception that this module made, or `undefined` for any other.
 */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof Win32Error) return error.code;
  return error instanceof Error && error.cause instanceof Win32Error ? error.cause.code : undefined;
}

/**
 * What a function gives, or `undefined` if it throws an error of one class.
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

/** Windows' own words for a code, without its line end and full stop. */
function systemText(code: number): string {
  const text = readWide((buffer) => {
    const { FormatMessageW } = kernel32();
    const length = FormatMessageW(FROM_SYSTEM, null, code, 0, buffer, buffer.length, null);
    return length > 0 || lastErrorCode() !== ERROR_INSUFFICIENT_BUFFER ? length : buffer.length;
  });
  return text.trim().replace(/\.$/, "");
}

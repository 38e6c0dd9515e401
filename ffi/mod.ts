/**
 * **UNSAFE**: calls the Win32 API directly, as winipc itself does. Use it for calls that the other
 * modules do not wrap. A wrong argument can end the process.
 *
 * ```ts
 * import { kernel32, lastError } from "@winipc/winipc/ffi";
 * import { assert, assertInstanceOf } from "@std/assert";
 *
 * assert(!kernel32().CloseHandle(0x10_0000n));
 * assertInstanceOf(lastError("CloseHandle", "Cannot close my handle"), Deno.errors.BadResource);
 * ```
 *
 * @module
 */

export { ADVAPI32, advapi32 } from "./win32/advapi32.ts";
export { assertBytes, bytesOf, type ByteSource, copyOfBytes } from "./arguments.ts";
export { GuardedCallback, type WindowProcedure } from "./callback.ts";
export {
  closeHandleIn,
  DuplicatedHandle,
  environmentVariable,
  openProcess,
  putHandle,
  startOf,
  takeHandle,
} from "./process_thread.ts";
export {
  codeOf,
  errorFromCode,
  errorFromStatus,
  type FailureOptions,
  lastError,
  lastErrorCode,
  Win32Error,
} from "./error.ts";
export {
  createEvent,
  RegisteredWait,
  type RegisteredWaitOptions,
  resetEvent,
  setEvent,
} from "./kernel_object.ts";
export {
  type DuplicateOptions,
  Handle,
  INVALID_HANDLE_VALUE,
  isOwned,
  type ObjectInfo,
  queryObject,
  Uncloneable,
} from "./handle.ts";
export { KERNEL32, kernel32, KERNELBASE, kernelbase } from "./win32/kernel32.ts";
export {
  BOOL,
  BUFFER,
  BYTE,
  CALLBACK,
  DWORD,
  HANDLE,
  HWND,
  lazyLibrary,
  LONG,
  LPARAM,
  LPVOID,
  LPWSTR,
  LRESULT,
  NTSTATUS,
  SIZE_T,
  type Symbols,
  UINT,
  VOID,
  WCHAR,
  WORD,
  WPARAM,
} from "./win32/types.ts";
export { NTDLL, ntdll } from "./win32/ntdll.ts";
export { MIN_DENO, MIN_WINDOWS_BUILD } from "./platform.ts";
export {
  assertOwnedBySelf,
  currentUserSid,
  type ObjectRights,
  readSecurity,
  type Sddl,
  sddlFor,
  type Security,
  SECURITY_INFORMATION,
  SecurityDescriptor,
  writeSecurity,
} from "./security.ts";
export { USER32, user32 } from "./win32/user32.ts";
export { decodeWide, decodeWideAt, encodeWide, toUnits } from "./wide.ts";

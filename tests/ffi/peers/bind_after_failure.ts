/**
 * Fails a call, binds functions of libraries that are loaded and of one that is not, and prints the
 * last error after each.
 *
 * @module
 */

import { lastErrorCode } from "../../../ffi/error.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { ntdll } from "../../../ffi/win32/ntdll.ts";
import { DWORD, HANDLE, lazyLibrary } from "../../../ffi/win32/types.ts";
import { user32 } from "../../../ffi/win32/user32.ts";

const notLoaded = lazyLibrary("winmm.dll", { timeGetTime: { parameters: [], result: DWORD } });
const unknown = lazyLibrary("kernel32.dll", {
  NotInAnyKernel32: { parameters: [HANDLE], result: DWORD, optional: true },
});
const { CloseHandle } = kernel32();

const codes = [
  () => kernel32().GetConsoleCP,
  () => [ntdll().NtQueryEvent, user32().IsWindow],
  () => notLoaded().timeGetTime,
  () => unknown().NotInAnyKernel32,
].map((bind) => {
  CloseHandle(0x10_0000n);
  bind();
  return lastErrorCode();
});
console.log(codes.join(" "));

/**
 * Wine, which runs Windows programs on Linux.
 *
 * A guard for window procedures on Wine 10, which puts the bytes of a message from another process
 * on the receiver's stack before it calls the procedure.
 *
 * V8 lets JavaScript use 984 KB of a thread's stack. A message that leaves less than that is an
 * exception before the procedure begins, and one of 1.07 MB and more ends the process ("Check
 * failed: IsOnCentralStack()"). So a few instructions of machine code look at the stack first.
 *
 * @module
 */

import { BOOL, BUFFER, DWORD, lazyLibrary, LPVOID, SIZE_T, VOID } from "./win32/library.ts";
import { ntdll } from "./win32/ntdll.ts";
import { lastError } from "./error.ts";
import { kernel32 } from "./win32/kernel32.ts";

const wine = lazyLibrary("ntdll.dll", {
  wine_get_version: { parameters: [], result: LPVOID, optional: true },
}, ntdll);

/** Whether this Windows is Wine, which exports its version beside what Windows exports. */
export function isWine(): boolean {
  return wine().wine_get_version !== null;
}

const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
const PAGE_EXECUTE_READ = 0x20;
const PAGE_SIZE = 4096;

/** The most of a thread's stack that is used when a procedure begins, in bytes: JavaScript gets 152 KB more. */
const MAX_STACK_USE = 832 * 1024;

const memory = lazyLibrary("kernel32.dll", {
  GetCurrentThreadStackLimits: {
    parameters: [BUFFER, /* PULONG_PTR LowLimit */ BUFFER /* PULONG_PTR HighLimit */],
    result: VOID,
  },
  VirtualProtect: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // flNewProtect
      BUFFER, // PDWORD lpflOldProtect
    ],
    result: BOOL,
  },
}, kernel32);

/** A native window procedure that answers 0 where the stack is too full, and else calls another one. */
export class WineStackGuard implements Disposable {
  /** The native procedure's address. */
  readonly pointer: Deno.PointerObject;

  /**
   * Makes a guard for windows of this thread.
   *
   * @param procedure The procedure that it calls.
   * @param attempt What is tried, for the message.
   */
  constructor(procedure: Deno.PointerObject, attempt: string) {
    const code = machineCode(stackTop() - BigInt(MAX_STACK_USE), procedure);
    const page = kernel32().VirtualAlloc(
      null,
      BigInt(PAGE_SIZE),
      MEM_COMMIT_AND_RESERVE,
      PAGE_READWRITE,
    );
    if (page === null) throw lastError("VirtualAlloc", attempt);
    this.pointer = page;
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, code.length)).set(code);
    const before = new Uint32Array(1);
    if (!memory().VirtualProtect(page, BigInt(PAGE_SIZE), PAGE_EXECUTE_READ, before)) {
      const error = lastError("VirtualProtect", attempt);
      this.close();
      throw error;
    }
  }

  /** Frees the guard. It may be called by the procedure, for the guard is never returned to. */
  close(): void {
    kernel32().VirtualFree(this.pointer, 0n, MEM_RELEASE);
  }

  /** Frees the guard at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The address that this thread's stack begins at; it grows downwards. */
function stackTop(): bigint {
  const low = new BigUint64Array(1);
  const high = new BigUint64Array(1);
  memory().GetCurrentThreadStackLimits(low, high);
  return high[0]!;
}

/** The guard's instructions for x64. */
function machineCode(limit: bigint, procedure: Deno.PointerObject): Uint8Array<ArrayBuffer> {
  const code = Uint8Array.of(
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, limit
    ...[0x48, 0x39, 0xc4], // cmp rsp, rax
    ...[0x72, 0x0c], // jb refuse
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, procedure
    ...[0xff, 0xe0], // jmp rax
    ...[0x31, 0xc0], // refuse: xor eax, eax
    0xc3, // ret
  );
  const view = new DataView(code.buffer);
  view.setBigUint64(2, limit, true);
  view.setBigUint64(17, Deno.UnsafePointer.value(procedure), true);
  return code;
}

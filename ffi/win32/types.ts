/**
 * Opens system DLLs, names the FFI types of Win32 types, and reads and writes Win32 structs. The
 * structs have the layout of 64-bit Windows.
 *
 * @module
 */

import { requireHost } from "../platform.ts";

/** `BOOL`: 0 is false, every other value is true. */
export const BOOL = "i32";
/** `BYTE` and `BOOLEAN`, 8 bits. */
export const BYTE = "u8";
/** `WORD` and `ATOM`, 16 bits. */
export const WORD = "u16";
/** `WCHAR`, one UTF-16 code unit. */
export const WCHAR = "u16";
/** `DWORD`, 32 bits unsigned; Deno refuses negative numbers here (`x >>> 0`). */
export const DWORD = "u32";
/** `LONG`, 32 bits signed. */
export const LONG = "i32";
/** `UINT`, 32 bits unsigned. */
export const UINT = "u32";
/** `NTSTATUS`: negative values are errors. */
export const NTSTATUS = "i32";
/** `SIZE_T`, as wide as an address. */
export const SIZE_T = "usize";
/** `HANDLE`, `HMODULE` and `HINSTANCE`. */
export const HANDLE = "usize";
/** `HWND`, the handle of a window. */
export const HWND = "usize";
/** `WPARAM`, unsigned and as wide as an address. */
export const WPARAM = "u64";
/** `LPARAM`, signed and as wide as an address. Never `isize`: see {@linkcode LRESULT}. */
export const LPARAM = "i64";
/** `LRESULT`. Never `isize`: with it, a callback that throws makes Deno panic. */
export const LRESULT = "i64";
/** `LPCWSTR` and `LPWSTR`: a buffer of UTF-16 code units, or null. */
export const LPWSTR = "buffer";
/** A struct or an array of the script that the call reads or fills in, or null. */
export const BUFFER = "buffer";
/** An address in memory that Windows allocated (`LPVOID`, `PSID`, …), or null. */
export const LPVOID = "pointer";
/** The address of a callback, or of a function that a library exports. */
export const CALLBACK = "function";
/** No result. */
export const VOID = "void";

/** The functions of a library, by their Win32 names. */
export type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<S>["symbols"];

const LAST_ERROR = {
  GetLastError: { parameters: [], result: DWORD },
  SetLastError: { parameters: [DWORD /* dwErrCode */], result: VOID },
} as const satisfies Deno.ForeignLibraryInterface;

let lastError: Symbols<typeof LAST_ERROR> | undefined;

/**
 * Returns the functions that read and set this thread's last error. Each library binds them before
 * its own functions.
 *
 * @throws {Deno.errors.NotSupported} If this is not Windows, or if Windows or Deno is too old.
 */
export function lastErrorFunctions(): Symbols<typeof LAST_ERROR> {
  if (lastError === undefined) {
    requireHost();
    lastError = Deno.dlopen("kernel32.dll", LAST_ERROR).symbols;
  }
  return lastError;
}

/**
 * Returns a function that returns the functions of a library. Each of them is bound when it is
 * first read, because Deno compiles machine code to bind a function. Binding keeps the thread's
 * last error.
 *
 * The library stays open until the process ends, because the system loads its own libraries into
 * every process anyway.
 *
 * @example Call a function that this module does not declare
 * ```ts ignore
 * import { DWORD, lazyLibrary } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * const library = lazyLibrary("kernel32.dll", {
 *   GetCurrentProcessId: { parameters: [], result: DWORD },
 * });
 * assertEquals(library().GetCurrentProcessId(), Deno.pid);
 * ```
 *
 * @param file The library's file name, such as `"kernel32.dll"`.
 * @param table The signatures of the functions.
 * @throws {Deno.errors.NotSupported} At its first call, if this is not Windows, or if Windows or
 *   Deno is too old.
 */
export function lazyLibrary<const S extends Deno.ForeignLibraryInterface>(
  file: string,
  table: S,
): () => Symbols<S> {
  let symbols: Symbols<S> | undefined;
  return () => {
    if (symbols === undefined) {
      lastErrorFunctions();
      const getters = Object.entries(table).map(([name, definition]) => {
        let bound: unknown;
        const get = () => {
          if (bound === undefined) bound = bind(file, name, definition);
          return bound;
        };
        return [name, { get, enumerable: true }];
      });
      // The shape of this object never changes, so V8 inlines the getters. Object.defineProperties
      // would make a dictionary: see docs/performance.md.
      symbols = Object.create(Object.prototype, Object.fromEntries(getters));
    }
    return symbols!;
  };
}

/**
 * Binds a function, and keeps the thread's last error: a function can be bound between a call that
 * failed and the look at its error.
 */
function bind(
  file: string,
  name: string,
  definition: Deno.ForeignFunction | Deno.ForeignStatic,
): unknown {
  const { GetLastError, SetLastError } = lastErrorFunctions();
  const code = GetLastError();
  const { symbols } = Deno.dlopen(file, { [name]: definition });
  SetLastError(code);
  return symbols[name];
}

/**
 * Returns the address of a buffer, for a field or a parameter that is not a pointer to Deno. The
 * caller must keep the buffer until the call is over.
 */
export function addressOf(buffer: Uint8Array | Uint16Array): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

/**
 * Writes a `SECURITY_ATTRIBUTES`.
 *
 * Deno does not see the descriptor's address inside the struct. So the caller must keep the
 * descriptor open until the call is over.
 *
 * @param descriptor The security descriptor, or null for the default one.
 * @param inheritable Whether child processes inherit the handle.
 * @see {@link https://learn.microsoft.com/windows/win32/api/wtypesbase/ns-wtypesbase-security_attributes}
 */
export function securityAttributes(
  descriptor: Deno.PointerValue,
  inheritable: boolean,
): Uint8Array<ArrayBuffer> {
  const struct = new DataView(new ArrayBuffer(24));
  struct.setUint32(0, struct.byteLength, true); // nLength
  struct.setBigUint64(8, Deno.UnsafePointer.value(descriptor), true); // lpSecurityDescriptor
  struct.setInt32(16, inheritable ? 1 : 0, true); // bInheritHandle
  return new Uint8Array(struct.buffer);
}

/** The size of an `IO_STATUS_BLOCK`, in bytes. */
export const IO_STATUS_BLOCK_SIZE = 16;
const OBJ_CASE_INSENSITIVE = 0x40;

/**
 * Writes an `OBJECT_ATTRIBUTES` for an object whose name ignores case, its `UNICODE_STRING` and a
 * copy of the name.
 *
 * Deno does not see the addresses inside the struct. So the caller must keep the descriptor open
 * until the call is over.
 *
 * @param name The name in UTF-16 with a NUL at its end.
 * @param descriptor The security descriptor, or null for the default one.
 * @see {@link https://learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes}
 */
export function objectAttributes(
  name: Uint16Array<ArrayBuffer>,
  descriptor: Deno.PointerValue,
): Uint8Array<ArrayBuffer> {
  const struct = new DataView(new ArrayBuffer(64 + name.byteLength));
  const bytes = new Uint8Array(struct.buffer);
  new Uint16Array(struct.buffer, 64).set(name);
  struct.setUint32(0, 48, true); // Length
  struct.setBigUint64(16, addressOf(bytes) + 48n, true); // ObjectName, which follows
  struct.setUint32(24, OBJ_CASE_INSENSITIVE, true); // Attributes
  struct.setBigUint64(32, Deno.UnsafePointer.value(descriptor), true); // SecurityDescriptor
  struct.setUint16(48, name.byteLength - 2, true); // ObjectName->Length, without the NUL
  struct.setUint16(50, name.byteLength, true); // ObjectName->MaximumLength
  struct.setBigUint64(56, addressOf(bytes) + 64n, true); // ObjectName->Buffer, which follows
  return bytes;
}

/** The state of the pages that begin at an address, from `VirtualQuery`. */
export interface MemoryBasicInformation {
  /** The first address of the whole allocation or view, or 0 if there is none. */
  allocationBase: bigint;
  /** The bytes from the address on that have the same state. */
  regionSize: number;
  /** `MEM_COMMIT`, `MEM_RESERVE` or `MEM_FREE`. */
  state: number;
  /** The protection: `PAGE_READWRITE`, `PAGE_WRITECOPY`, … */
  protect: number;
  /** `MEM_MAPPED`, `MEM_IMAGE` or `MEM_PRIVATE`. */
  type: number;
}

/** The size of a `MEMORY_BASIC_INFORMATION`, in bytes. */
export const MEMORY_BASIC_INFORMATION_SIZE = 48;

/**
 * Reads a `MEMORY_BASIC_INFORMATION`.
 *
 * @param struct A struct of {@linkcode MEMORY_BASIC_INFORMATION_SIZE} bytes.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information}
 */
export function readMemoryBasicInformation(struct: DataView): MemoryBasicInformation {
  return {
    allocationBase: struct.getBigUint64(8, true),
    regionSize: Number(struct.getBigUint64(24, true)),
    state: struct.getUint32(32, true),
    protect: struct.getUint32(36, true),
    type: struct.getUint32(40, true),
  };
}

/**
 * Writes a `WNDCLASSEXW` for windows that are never visible.
 *
 * Deno does not see the name's address inside the struct. So the caller must keep the name until
 * the class is registered.
 *
 * @param procedure The window procedure's address.
 * @param name The class's name, with its NUL.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/ns-winuser-wndclassexw}
 */
export function windowClass(
  procedure: Deno.PointerObject,
  name: Uint16Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const struct = new DataView(new ArrayBuffer(80));
  struct.setUint32(0, struct.byteLength, true); // cbSize
  struct.setBigUint64(8, Deno.UnsafePointer.value(procedure), true); // lpfnWndProc
  struct.setBigUint64(64, addressOf(name), true); // lpszClassName
  return new Uint8Array(struct.buffer);
}

/** The size of a `MSG`, in bytes. */
export const MSG_SIZE = 48;

/** Maximum size of the data of a `COPYDATASTRUCT` in bytes, because `cbData` has 32 bits. */
export const MAX_COPY_DATA = 2 ** 32 - 1;

/**
 * Writes a `COPYDATASTRUCT`.
 *
 * Deno does not see the address of the bytes inside the struct. So the caller must keep the bytes
 * until the call is over.
 *
 * @param id A number by which the receiver knows the kind of the bytes (`dwData`).
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/ns-winuser-copydatastruct}
 */
export function copyDataStruct(id: bigint, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const struct = new DataView(new ArrayBuffer(24));
  struct.setBigUint64(0, id, true); // dwData
  struct.setUint32(8, bytes.length, true); // cbData
  struct.setBigUint64(16, bytes.length === 0 ? 0n : addressOf(bytes), true); // lpData
  return new Uint8Array(struct.buffer);
}

/** The fields of a `COPYDATASTRUCT`. */
export interface CopyDataFields {
  /** The number by which the receiver knows the kind of the bytes (`dwData`). */
  id: bigint;
  /** The number of bytes (`cbData`), or 0 if `data` is null. */
  byteLength: number;
  /** The address of the bytes (`lpData`), valid until the window procedure returns. */
  data: Deno.PointerValue;
}

/**
 * Reads the `COPYDATASTRUCT` of a WM_COPYDATA. {@linkcode copyBytes} copies its bytes.
 */
export function readCopyDataStruct(lParam: bigint): CopyDataFields {
  const pointer = Deno.UnsafePointer.create(BigInt.asUintN(64, lParam));
  if (pointer === null) return { id: 0n, byteLength: 0, data: null };
  const struct = new Deno.UnsafePointerView(pointer);
  const data = Deno.UnsafePointer.create(struct.getBigUint64(16));
  return {
    id: struct.getBigUint64(0),
    byteLength: data === null ? 0 : struct.getUint32(8),
    data,
  };
}

/** Copies `byteLength` bytes from an address of Windows. */
export function copyBytes(data: Deno.PointerValue, byteLength: number): Uint8Array<ArrayBuffer> {
  if (data === null || byteLength === 0) return new Uint8Array();
  // slice(), because a new array would be filled with zeros first, which takes longer than the
  // copy.
  return new Uint8Array(new Deno.UnsafePointerView(data).getArrayBuffer(byteLength).slice());
}

/** The size of a `STARTUPINFOEXW`, in bytes. */
export const STARTUPINFOEX_SIZE = 112;
const STARTF_USESTDHANDLES = 0x100;

/**
 * Completes a `STARTUPINFOEXW` that `GetStartupInfoW` has filled with the values of this process.
 *
 * @param struct A struct of {@linkcode STARTUPINFOEX_SIZE} bytes.
 * @param handles The child's standard input, output and error.
 * @param attributes The attribute list. The caller must keep it until the call is over.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-startupinfoexw}
 */
export function completeStartupInfo(
  struct: Uint8Array<ArrayBuffer>,
  handles: readonly bigint[],
  attributes: Uint8Array<ArrayBuffer>,
): void {
  const view = new DataView(struct.buffer);
  view.setUint32(0, STARTUPINFOEX_SIZE, true); // cb
  view.setUint32(60, STARTF_USESTDHANDLES, true); // dwFlags, without the flags of this process
  // Clears the data by which this process's C run-time library passes on its open files.
  view.setUint16(66, 0, true); // cbReserved2
  view.setBigUint64(72, 0n, true); // lpReserved2
  handles.forEach((handle, index) => view.setBigUint64(80 + index * 8, handle, true)); // hStd…
  view.setBigUint64(104, addressOf(attributes), true); // lpAttributeList
}

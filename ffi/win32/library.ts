/**
 * DLLs as Deno opens them, and the FFI types of Win32's types.
 *
 * @module
 */

import { requireHost } from "../platform.ts";

/** `BOOL`: 0 is false, everything else is true. */
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
/** `HANDLE`, and `HMODULE`, `HINSTANCE` beside it. */
export const HANDLE = "usize";
/** `HWND`, a window. */
export const HWND = "usize";
/** `WPARAM`, unsigned and as wide as an address. */
export const WPARAM = "u64";
/** `LPARAM`, signed and as wide as an address. Never `isize`: see {@linkcode LRESULT}. */
export const LPARAM = "i64";
/** `LRESULT`. Never `isize`: a callback declared so panics the runtime when its body throws. */
export const LRESULT = "i64";
/** `LPCWSTR` and `LPWSTR`: a buffer of UTF-16 code units, or null. */
export const LPWSTR = "buffer";
/** A struct or an array of ours that the call reads or fills in, or null. */
export const BUFFER = "buffer";
/** An address that Windows gave us (`LPVOID`, `PSID`, …), or null. */
export const LPVOID = "pointer";
/** The address of a function: a callback, or one exported by a library. */
export const CALLBACK = "function";
/** No result. */
export const VOID = "void";

/** The functions of a library, by their Win32 names. */
export type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<S>["symbols"];

/**
 * Gives a function that opens a library at its first call and answers with the
 * library's functions at each.
 *
 * The library stays open for as long as the process lives: the system's own
 * libraries are loaded into every process anyway.
 *
 * @param file The library's file name, such as `"kernel32.dll"`.
 * @param table The signatures of the functions.
 * @param before What has to be open already: whoever reads the last error must
 *   not have to open kernel32 first, for that would replace the error.
 */
export function lazyLibrary<const S extends Deno.ForeignLibraryInterface>(
  file: string,
  table: S,
  before: () => unknown = requireHost,
): () => Symbols<S> {
  let symbols: Symbols<S> | undefined;
  return () => {
    if (symbols === undefined) {
      before();
      symbols = Deno.dlopen(file, table).symbols;
    }
    return symbols;
  };
}

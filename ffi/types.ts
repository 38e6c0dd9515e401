/**
 * The Win32 types as Deno's native types, so that a signature in a symbol table
 * reads like the one on Microsoft's page.
 *
 * Handles are `usize`, which is a `bigint` in JavaScript: no pointer object is
 * made on the way, `===` compares them, and they can be the keys of a `Map`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winprog/windows-data-types}
 * @module
 */

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

/**
 * The types of a C header, and the types that every header knows.
 *
 * @module
 */

import type { BitUnit } from "../../../struct/scalar.ts";
import type { Description } from "../../../struct/description.ts";
import type { ScalarName } from "../../../struct/ctype.ts";
import { SCALARS } from "../../../struct/scalar.ts";

/** A type with its size. */
export interface CTypeInfo {
  readonly description: Description;
  readonly byteLength: number;
  readonly alignment: number;
  /** The kind of text that an array of this type is: `char` and its like. */
  readonly text?: "ansi" | "utf8" | "utf16";
  /** The integer of a bit field of this type. Other types have no bit fields. */
  readonly unit?: BitUnit;
}

/** Returns a scalar type. */
export function scalar(name: ScalarName, text?: CTypeInfo["text"]): CTypeInfo {
  const { byteLength, alignment } = SCALARS[name];
  const unit = unitOf(name);
  return {
    description: { kind: name, parts: [], byteLength: 0, lengths: [] },
    byteLength,
    alignment,
    ...(text === undefined ? {} : { text }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function unitOf(name: ScalarName): BitUnit | undefined {
  // A bit field of bool has the place of one of unsigned char.
  if (name === "bool") return "u8";
  if (name === "pointer32" || name === "pointer64" || name === "f32" || name === "f64") {
    return undefined;
  }
  return name;
}

/**
 * Returns an array type: of bytes, of texts, or of elements.
 *
 * @param lengths The lengths in the order of C, at least one.
 */
export function arrayOf(element: CTypeInfo, lengths: readonly number[]): CTypeInfo {
  const { description, text } = element;
  return {
    description: {
      ...description,
      kind: text ?? description.kind,
      lengths: [...description.lengths, ...lengths.toReversed()],
    },
    byteLength: lengths.reduce((size, length) => size * length, element.byteLength),
    alignment: element.alignment,
  };
}

/** The types of C that are one word, and those of Windows. */
const NAMES: Readonly<Record<string, string>> = {
  i8: "int8_t __int8 INT8 CCHAR",
  u8: "uint8_t BYTE UCHAR UINT8 byte",
  i16: "int16_t __int16 INT16 SHORT",
  u16: "uint16_t WORD USHORT UINT16 ATOM LANGID",
  i32: "int32_t __int32 INT32 INT LONG LONG32 BOOL HRESULT NTSTATUS __time32_t",
  u32: "uint32_t DWORD UINT UINT32 ULONG ULONG32 DWORD32 COLORREF LCID",
  i64: "int64_t __int64 INT64 LONGLONG LONG64 __time64_t",
  u64: "uint64_t UINT64 ULONGLONG ULONG64 DWORD64 DWORDLONG",
  f32: "float FLOAT",
  f64: "double DOUBLE DATE",
  bool: "bool _Bool BOOLEAN",
};

/** The types whose arrays are texts. */
const CHARACTERS: ReadonlyMap<string, CTypeInfo> = new Map([
  ...["char", "CHAR"].map((name) => [name, scalar("i8", "ansi")] as const),
  ["char8_t", scalar("u8", "utf8")],
  ...["wchar_t", "WCHAR", "char16_t", "OLECHAR"].map((name) =>
    [name, scalar("u16", "utf16")] as const
  ),
]);

/** The types by their names. */
export const KNOWN_TYPES: ReadonlyMap<string, CTypeInfo> = new Map([
  ...Object.entries(NAMES).flatMap(([name, words]) =>
    isScalarName(name) ? words.split(" ").map((word) => [word, scalar(name)] as const) : []
  ),
  ...CHARACTERS,
]);

function isScalarName(name: string): name is ScalarName {
  return Object.hasOwn(SCALARS, name);
}

/** The types whose size differs between compilers or programs, and the advice for each. */
export const REFUSED_TYPES: ReadonlyMap<string, string> = new Map([
  ...`size_t ptrdiff_t intptr_t uintptr_t SIZE_T SSIZE_T INT_PTR UINT_PTR LONG_PTR ULONG_PTR
    DWORD_PTR WPARAM LPARAM LRESULT`.split(/\s+/).map((name) =>
    [name, "its size differs between 32-bit and 64-bit programs: use uint32_t or uint64_t"] as const
  ),
  ...`HANDLE HWND HMODULE HINSTANCE HICON HDC HMENU HKEY HBITMAP PVOID LPVOID LPSTR LPCSTR LPWSTR
    LPCWSTR PSTR PWSTR LPBYTE LPDWORD PBYTE PDWORD`.split(/\s+/).map((name) =>
    [
      name,
      "it is a pointer or a handle, which has no meaning in another process: use uint32_t for a " +
      "32-bit program, uint64_t for a 64-bit one",
    ] as const
  ),
  ["time_t", "its size differs between programs: use __time32_t or __time64_t"],
  ["TCHAR", "it depends on UNICODE: use char or wchar_t"],
  ["_TCHAR", "it depends on UNICODE: use char or wchar_t"],
  ["char32_t", "winipc has no texts in UTF-32: use uint32_t"],
]);

/** The words of C that can be combined, such as `unsigned long long int`. */
export const COMBINED_WORDS: ReadonlySet<string> = new Set([
  "signed",
  "unsigned",
  "char",
  "short",
  "int",
  "long",
  "__int8",
  "__int16",
  "__int32",
  "__int64",
  "double",
]);

/** Returns the type of combined words; `undefined` if there is none. */
export function combinedType(words: readonly string[]): CTypeInfo | undefined {
  const rest = words.filter((word) => word !== "signed" && word !== "unsigned" && word !== "int");
  const isUnsigned = words.includes("unsigned");
  const signs = words.filter((word) => word === "signed" || word === "unsigned").length;
  const ints = words.filter((word) => word === "int").length;
  if (signs > 1 || ints > 1) return undefined;
  const key = rest.join(" ");
  if (key === "char") {
    if (ints > 0) return undefined;
    return signs === 0 ? scalar("i8", "ansi") : scalar(isUnsigned ? "u8" : "i8");
  }
  if (key === "double") return signs + ints === 0 ? scalar("f64") : undefined;
  const bits = BITS.get(key);
  if (bits === undefined || key.startsWith("__") && ints > 0) return undefined;
  return scalar(`${isUnsigned ? "u" : "i"}${bits}`);
}

/** The sizes of Microsoft's compiler: `long` has 32 bits. */
const BITS: ReadonlyMap<string, 8 | 16 | 32 | 64> = new Map([
  ["", 32],
  ["short", 16],
  ["long", 32],
  ["long long", 64],
  ["__int8", 8],
  ["__int16", 16],
  ["__int32", 32],
  ["__int64", 64],
]);

/** Structs of Windows that headers use. */
export const PRELUDE = `
typedef struct _FILETIME { DWORD dwLowDateTime; DWORD dwHighDateTime; } FILETIME;
typedef struct _SYSTEMTIME {
  WORD wYear; WORD wMonth; WORD wDayOfWeek; WORD wDay; WORD wHour; WORD wMinute; WORD wSecond;
  WORD wMilliseconds;
} SYSTEMTIME;
typedef struct _GUID {
  uint32_t Data1; uint16_t Data2; uint16_t Data3; uint8_t Data4[8];
} GUID;
typedef GUID CLSID;
typedef GUID IID;
typedef union _LARGE_INTEGER {
  struct { DWORD LowPart; LONG HighPart; };
  struct { DWORD LowPart; LONG HighPart; } u;
  LONGLONG QuadPart;
} LARGE_INTEGER;
typedef union _ULARGE_INTEGER {
  struct { DWORD LowPart; DWORD HighPart; };
  struct { DWORD LowPart; DWORD HighPart; } u;
  ULONGLONG QuadPart;
} ULARGE_INTEGER;
typedef struct tagPOINT { LONG x; LONG y; } POINT;
typedef struct tagSIZE { LONG cx; LONG cy; } SIZE;
typedef struct tagRECT { LONG left; LONG top; LONG right; LONG bottom; } RECT;
`;

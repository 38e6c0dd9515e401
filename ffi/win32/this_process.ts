/**
 * The functions that describe this process and this machine. Only the command calls them, so they
 * are in a table of their own: the programs of threads contain the other tables.
 *
 * @module
 */

import { BOOL, BUFFER, DWORD, HANDLE, lazyLibrary, LPWSTR, type Symbols, UINT } from "./types.ts";

/** The functions of advapi32.dll. */
const TOKENS = {
  GetTokenInformation: {
    parameters: [
      HANDLE, // TokenHandle
      DWORD, // TOKEN_INFORMATION_CLASS TokenInformationClass
      BUFFER, // TokenInformation
      DWORD, // TokenInformationLength
      BUFFER, // PDWORD ReturnLength
    ],
    result: BOOL,
  },
  GetUserNameW: {
    parameters: [LPWSTR, /* lpBuffer */ BUFFER /* LPDWORD pcbBuffer */],
    result: BOOL,
  },
  LookupPrivilegeValueW: {
    parameters: [
      LPWSTR, // lpSystemName
      LPWSTR, // lpName
      BUFFER, // PLUID lpLuid
    ],
    result: BOOL,
  },
  OpenProcessToken: {
    parameters: [
      HANDLE, // ProcessHandle
      DWORD, // DesiredAccess
      BUFFER, // PHANDLE TokenHandle
    ],
    result: BOOL,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of kernel32.dll. */
const MACHINE = {
  GetACP: { parameters: [], result: UINT },
  GlobalMemoryStatusEx: { parameters: [BUFFER /* LPMEMORYSTATUSEX lpBuffer */], result: BOOL },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions for access tokens. Each is bound when it is first read. */
export const tokens: () => Symbols<typeof TOKENS> = lazyLibrary("advapi32.dll", TOKENS);

/** Returns the functions for the machine. Each is bound when it is first read. */
export const machine: () => Symbols<typeof MACHINE> = lazyLibrary("kernel32.dll", MACHINE);

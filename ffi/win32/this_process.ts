/**
 * The functions that describe this process and this machine. Only the command calls them, so they
 * are in a table of their own: the programs of threads contain the other tables.
 *
 * @module
 */

import { BOOL, BUFFER, lazyLibrary, LPWSTR, type Symbols, UINT } from "./types.ts";

/** The functions of advapi32.dll. */
const ACCOUNTS = {
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
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of kernel32.dll. */
const MACHINE = {
  GetACP: { parameters: [], result: UINT },
  GlobalMemoryStatusEx: { parameters: [BUFFER /* LPMEMORYSTATUSEX lpBuffer */], result: BOOL },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions for users and privileges. Each is bound when it is first read. */
export const accounts: () => Symbols<typeof ACCOUNTS> = lazyLibrary("advapi32.dll", ACCOUNTS);

/** Returns the functions for the machine. Each is bound when it is first read. */
export const machine: () => Symbols<typeof MACHINE> = lazyLibrary("kernel32.dll", MACHINE);

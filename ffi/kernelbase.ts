/**
 * kernelbase.dll: what kernel32.dll does not pass on.
 *
 * @module
 */

import { kernel32 } from "./kernel32.ts";
import { lazyLibrary, type Symbols } from "./library.ts";
import { BOOL, HANDLE } from "./types.ts";

/** The signatures of the functions that are called. */
export const KERNELBASE = {
  CompareObjectHandles: {
    parameters: [
      HANDLE, // hFirstObjectHandle
      HANDLE, // hSecondObjectHandle
    ],
    result: BOOL,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of kernelbase.dll; opens it at the first call. */
export const kernelbase: () => Symbols<typeof KERNELBASE> = lazyLibrary(
  "kernelbase.dll",
  KERNELBASE,
  kernel32,
);

/**
 * Libraries of Windows, opened when a function of theirs is first called.
 *
 * @module
 */

import { requireHost } from "./requirements.ts";

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

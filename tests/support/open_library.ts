/**
 * Opens functions of Windows that the library itself does not use. `using` closes the library.
 *
 * @param file The library's file name.
 * @param symbols The signatures of the functions.
 */
export function openLibrary<const S extends Deno.ForeignLibraryInterface>(
  file: string,
  symbols: S,
): Disposable & { symbols: Deno.DynamicLibrary<S>["symbols"] } {
  const library = Deno.dlopen(file, symbols);
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}

/** Collects the lines of `console.error()` until the result is disposed of. */
export function collectErrors(): Disposable & { readonly lines: readonly string[] } {
  const { error } = console;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  return { lines, [Symbol.dispose]: () => void (console.error = error) };
}

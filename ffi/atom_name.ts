/**
 * Names of window classes and of registered messages, which Windows keeps as atoms.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/about-atom-tables}
 * @module
 */

/**
 * Throws if a text names no atom of its own: Windows takes a `#` and digits for the number of one that is
 * there already, or for none. So `#49152` would be somebody else's class, and `#123` the message 123.
 *
 * @param what What the text is, for the message: `"class"`.
 * @throws {TypeError} If it is a `#` and digits.
 */
export function assertNoAtomNumber(what: string, text: string): void {
  if (!/^#\d+$/.test(text)) return;
  throw new TypeError(
    `Expected ${what} to be a name, got "${text}": Windows takes a # and digits for a number`,
  );
}

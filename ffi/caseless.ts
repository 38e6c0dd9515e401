/**
 * Texts as Windows compares them where upper and lower case are the same: variables of an
 * environment, classes and titles of windows, file names.
 *
 * Windows uses its own table. The table maps one UTF-16 code unit at a time, and is the same in every
 * language. `toUpperCase` follows the rules of writing instead: it makes `SS` of `ß`, and `I` of `ı`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/handling-sorting-in-your-applications#sort-strings-ordinally}
 * @module
 */

import { ntdll } from "./ntdll.ts";
import { fromUnits, toUnits } from "./wide.ts";

/**
 * Puts a text into upper case as Windows does before it compares: two texts that Windows takes for the same
 * give the same result.
 *
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlupcaseunicodechar}
 */
export function upcase(text: string): string {
  const { RtlUpcaseUnicodeChar } = ntdll();
  return fromUnits(toUnits(text).map((unit) => RtlUpcaseUnicodeChar(unit)));
}

/** Whether Windows takes two texts for the same where upper and lower case are the same. */
export function equalsCaseless(a: string, b: string): boolean {
  return a === b || (a.length === b.length && upcase(a) === upcase(b));
}

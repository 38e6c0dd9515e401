/**
 * Aligns texts in columns.
 *
 * @module
 */

import { stripAnsiCode } from "@std/fmt/colors";
import { unicodeWidth } from "@std/cli/unicode-width";

/** The space between two columns. */
const GAP = "  ";

/** Returns how many columns of a terminal a text takes. Wide characters take two. */
export function widthOf(text: string): number {
  return unicodeWidth(stripAnsiCode(text));
}

/**
 * Aligns rows of texts. The texts can have colours, but no line breaks.
 *
 * @param rows The rows. All have the same number of texts.
 * @param right The indexes of the columns that are aligned at their right end, such as numbers.
 * @returns One line for each row, without spaces at its end.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, at) => widths[at] = Math.max(widths[at] ?? 0, widthOf(text)));
  }
  return rows.map((row) =>
    row.map((text, at) => {
      const space = " ".repeat(widths[at]! - widthOf(text));
      return right.includes(at) ? space + text : text + space;
    }).join(GAP).trimEnd()
  );
}

/** Cuts a text to a number of terminal columns. A text that was cut ends with an ellipsis. */
export function fitWidth(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let fitted = "";
  let width = 0;
  // An escape sequence of a colour takes no column, and must not be cut.
  // deno-lint-ignore no-control-regex
  for (const [part] of text.matchAll(/\x1b\[[0-9;]*m|./gsu)) {
    if (part.startsWith("\x1b")) fitted += part;
    else if (width + unicodeWidth(part) < columns) {
      fitted += part;
      width += unicodeWidth(part);
    } else {
      return `${fitted}…${fitted.includes("\x1b") ? "\x1b[0m" : ""}`;
    }
  }
  return fitted;
}

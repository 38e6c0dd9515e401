/**
 * Shows what a terminal shows after a program has written to it.
 *
 * @module
 */

/** The control codes that the command writes, and colours, which change no position. */
const CODES =
  // deno-lint-ignore no-control-regex
  /\x1b\[(?<count>[\d;]*)(?<code>[A-Za-z])|(?<control>[\r\n])|(?<character>.)/gsu;

/**
 * Returns the lines of a terminal after a program has written a text: all lines that ever were, also
 * those that have scrolled away, without spaces at their ends and without the last empty lines.
 *
 * Colours are left out. Obeys `\r`, `\n` (which also goes to the beginning of the line), cursor up,
 * down and to a column, erase in line and erase below.
 *
 * @throws {Error} If the text contains another control code.
 */
export function screenOf(text: string): string[] {
  const lines: string[][] = [[]];
  let row = 0;
  let column = 0;
  for (const { groups, 0: whole } of text.matchAll(CODES)) {
    const { count = "", code, control, character } = groups!;
    const number = Number(count.split(";")[0] || 1);
    if (character !== undefined) {
      const line = lines[row]!;
      while (line.length < column) line.push(" ");
      line[column++] = character;
    } else if (control === "\r") column = 0;
    else if (control === "\n") {
      [row, column] = [row + 1, 0];
      lines[row] ??= [];
    } else if (code === "A") row = Math.max(0, row - number);
    else if (code === "B") row = Math.min(lines.length - 1, row + number);
    else if (code === "G") column = Math.max(0, Number(count || 1) - 1);
    else if (code === "K") lines[row] = count === "2" ? [] : lines[row]!.slice(0, column);
    else if (code === "J") {
      lines[row] = lines[row]!.slice(0, column);
      lines.length = row + 1;
    } else if (code !== "m" && code !== "h" && code !== "l") {
      throw new Error(`The screen does not know the code ${JSON.stringify(whole)}`);
    }
  }
  const shown = lines.map((line) => line.join("").trimEnd());
  while (shown.at(-1) === "") shown.pop();
  return shown;
}

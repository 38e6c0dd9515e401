/**
 * Command lines, of which Windows has only one text for all arguments.
 *
 * @see {@link https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments}
 * @module
 */

import { MAX_TEXT } from "../../ffi/wide.ts";

/**
 * Writes a command line that `CommandLineToArgvW` and the C run-time library read as the same
 * words again.
 *
 * @param program The program.
 * @param args The arguments, without NUL.
 * @throws {TypeError} If the program has a quotation mark in it.
 * @throws {RangeError} If they are too long together.
 */
export function toCommandLine(program: string, args: readonly string[]): string {
  if (program.includes('"')) {
    throw new TypeError(`Expected a program without quotation marks, got ${program}`);
  }
  // The program is read by a rule of its own: up to the next quotation mark, whatever is before it.
  return withinLength([`"${program}"`, ...args.map(quote)].join(" "));
}

/**
 * Gives a command line back if it is short enough. Wine would cut a longer one off.
 *
 * @param max The most UTF-16 code units that it may have.
 * @throws {RangeError} If it has more.
 */
export function withinLength(line: string, max: number = MAX_TEXT): string {
  if (line.length <= max) return line;
  throw new RangeError(`Expected a command line of at most ${max} characters, got ${line.length}`);
}

/** Quotes an argument: backslashes count double before a quotation mark, and nowhere else. */
function quote(arg: string): string {
  if (arg !== "" && !/[\s"]/.test(arg)) return arg;
  // The look behind tries a run of backslashes at its start only: at each of them, the time is quadratic.
  return `"${
    arg.replace(/(?<!\\)(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"'))
  }"`;
}

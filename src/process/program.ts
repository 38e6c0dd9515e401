/**
 * Which file a command means.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-searchpathw}
 * @module
 */

import { environmentVariable } from "../../ffi/environment.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { decodeWide, encodeWide } from "../../ffi/wide.ts";
import { toCommandLine, withinLength } from "./command_line.ts";

/** The longest path that Windows has, in code units. */
const LONGEST_PATH = 32_767;

/** The longest command line that cmd.exe takes, in UTF-16 code units. */
const MAX_SHELL_LINE = 8191;

/** A program, and the command line that starts it. */
export interface Program {
  /** The program's path. */
  path: string;
  /** The command line. */
  commandLine: string;
}

/**
 * Finds the program of a command.
 *
 * A bare name is looked for on the `PATH` and among Windows' own programs, never in the
 * current directory. A batch file is run by cmd.exe, which reads arguments by rules that no
 * quoting gets around: those that mean something to it are refused.
 *
 * @param command The command: a path, or a name.
 * @param args The arguments.
 * @param raw Whether the arguments are joined as they are.
 * @throws {Deno.errors.NotFound} If there is no such program.
 * @throws {TypeError} If an argument cannot be passed to a batch file safely.
 * @throws {RangeError} If the command line is too long.
 */
export function findProgram(command: string, args: readonly string[], raw: boolean): Program {
  const path = /[\\/:]/.test(command) ? withExtension(command) : search(command);
  if (/\.(bat|cmd)[. ]*$/i.test(path)) return batchFile(path, args);
  return {
    path,
    commandLine: raw
      ? withinLength([toCommandLine(path, []), ...args].join(" "))
      : toCommandLine(path, args),
  };
}

/** A path without an extension is one of a program. */
function withExtension(path: string): string {
  return /\.[^\\/]*$/.test(path) ? path : `${path}.exe`;
}

function search(name: string): string {
  const folders = (environmentVariable("PATH") ?? "").split(";")
    // Relative ones would be looked for in the current directory.
    .filter((folder) => /^([A-Za-z]:[\\/]|[\\/]{2})/.test(folder));
  const path = new Uint16Array(LONGEST_PATH);
  const length = kernel32().SearchPathW(
    encodeWide([...folders, systemFolder()].join(";")),
    encodeWide(name),
    encodeWide(".exe"),
    path.length,
    path,
    null,
  );
  if (length > 0) return decodeWide(path);
  throw new Deno.errors.NotFound(
    `Cannot find the program ${JSON.stringify(name)}: it is not on the PATH, and the current ` +
      "directory is not looked at; give its path",
  );
}

function systemFolder(): string {
  const path = new Uint16Array(LONGEST_PATH);
  kernel32().GetSystemDirectoryW(path, path.length);
  return decodeWide(path);
}

function batchFile(path: string, args: readonly string[]): Program {
  const safe = (text: string, pattern: RegExp) => {
    if (pattern.test(text)) return `"${text}"`;
    throw new TypeError(
      `Cannot pass ${JSON.stringify(text)} to a batch file: cmd.exe may take it for something else`,
    );
  };
  // Between quotation marks only these mean something to cmd.exe. What the file does with its
  // arguments afterwards is not known, so of them only the harmless are passed.
  const words = [
    safe(path, /^[^"%\r\n]*$/),
    ...args.map((arg) => safe(arg, /^[\p{L}\p{N} _.,:\\/@+-]*$/u)),
  ];
  const shell = `${systemFolder()}\\cmd.exe`;
  const commandLine = `"${shell}" /d /e:on /v:off /s /c "${words.join(" ")}"`;
  return { path: shell, commandLine: withinLength(commandLine, MAX_SHELL_LINE) };
}

/**
 * Which file a command means.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-searchpathw}
 * @module
 */

import { environmentVariable } from "../../ffi/environment.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { decodeWide, encodeWide } from "../../ffi/wide.ts";
import { toCommandLine } from "./command_line.ts";

/** The longest path that Windows has, in code units. */
const LONGEST_PATH = 32_767;

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
 */
export function findProgram(command: string, args: readonly string[], raw: boolean): Program {
  const path = /[\\/:]/.test(command) ? command : search(command);
  if (/\.(bat|cmd)[. ]*$/i.test(path)) return batchFile(path, args);
  return {
    path,
    commandLine: raw ? [toCommandLine(path, []), ...args].join(" ") : toCommandLine(path, args),
  };
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
  for (const text of [path, ...args]) {
    if (/^[\p{L}\p{N} _.,:\\/@+-]*$/u.test(text)) continue;
    throw new TypeError(
      `Cannot pass ${JSON.stringify(text)} to a batch file: cmd.exe may take it for something else`,
    );
  }
  const words = [path, ...args].map((word) => `"${word}"`).join(" ");
  const shell = `${systemFolder()}\\cmd.exe`;
  return { path: shell, commandLine: `"${shell}" /d /e:on /v:off /s /c "${words}"` };
}

/**
 * Finds the program of a command, and writes its command line and environment block.
 *
 * Windows passes all arguments as one text, the command line.
 *
 * @see {@link https://learn.microsoft.com/windows-server/administration/windows-commands/path}
 * @see {@link https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments}
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/changing-environment-variables}
 * @module
 */

import { environmentStrings, environmentVariable, MAX_VARIABLE } from "../../ffi/process_thread.ts";
import { fileKind, fullPath } from "../../ffi/file.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { equalsCaseless, MAX_TEXT, readWide, toUnits, upcase } from "../../ffi/wide.ts";
import { assertObject, show } from "../../ffi/arguments.ts";

/** The extensions of files that can be started, in the order of Windows' default `PATHEXT`. */
const EXTENSIONS = [".com", ".exe", ".bat", ".cmd"];

/** Maximum length of a command line for cmd.exe, in UTF-16 code units. */
const MAX_SHELL_LINE = 8191;

/**
 * The arguments that a batch file can get. Some letters are not accepted, because a program can
 * read its arguments in a code page. There U+02BA becomes a quotation mark, which ends the
 * argument. Other letters become `|`, `!`, `'`, `^` or a backtick.
 */
const HARMLESS = /^(?:(?![\u01c0\u01c3\u02b0-\u02ff])[\p{L}\p{N} _.,:\\/@+-])*$/u;

/** A program, and the command line that starts it. */
export interface Program {
  /** The program's path. */
  path: string;
  /** The program and its arguments as one text. */
  commandLine: string;
}

/** Options for finding a program and joining its arguments. */
export interface ProgramOptions {
  /** The folder in which a relative path begins. @default this process's current directory */
  cwd?: string | undefined;
  /** The `PATH` to search. @default this process's `PATH` */
  path?: string | undefined;
  /** Whether the arguments are joined by spaces without quoting. @default false */
  raw?: boolean | undefined;
}

/**
 * Finds the program of a command, and writes its command line. Like cmd.exe, this function finds a
 * program also by its name without the extension.
 *
 * A name without a path is looked up on the `PATH` and among Windows' own programs, never in the
 * current directory. cmd.exe runs batch files, and quoting cannot protect arguments from its rules.
 * So this function refuses all characters that have a meaning for cmd.exe.
 *
 * @param command The path or the name of a program.
 * @throws {Deno.errors.NotFound} If the program does not exist.
 * @throws {TypeError} If an argument cannot be passed to a batch file safely.
 * @throws {RangeError} If the command line is longer than Windows or cmd.exe accepts.
 */
export function findProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const isPath = /[\\/:]/.test(command);
  const path = fullPath(isPath ? atPath(command, options.cwd) : search(command, options.path));
  if (/\.(bat|cmd)[. ]*$/i.test(path)) return batchFile(path, args);
  return {
    path,
    commandLine: options.raw
      ? withinLength([toCommandLine(path, []), ...args].join(" "))
      : toCommandLine(path, args),
  };
}

function atPath(command: string, cwd: string | undefined): string {
  const path = from(cwd, command);
  // Windows ignores a dot at the end of a path.
  const extensions = knownExtensions();
  const found = [path, path.replace(/\.$/, "")]
    .flatMap((path) => variants(path, extensions))
    .find(isFile);
  if (found !== undefined) return found;
  if (fileKind(path) === "folder") {
    throw new Deno.errors.NotFound(`Cannot start ${JSON.stringify(path)}: it is a folder`);
  }
  // The program may have no extension. If it does not exist, the error of Windows says so.
  return path;
}

/**
 * Returns a program's path relative to the child's current directory. Without this, Windows would
 * read it relative to this process's current directory.
 */
function from(cwd: string | undefined, path: string): string {
  if (cwd === undefined || /^([A-Za-z]:|[\\/]{2})/.test(path)) return path;
  if (/^[\\/]/.test(path)) {
    const root = /^([\\/]{2}[^\\/]+[\\/][^\\/]+|[A-Za-z]:)/.exec(cwd)?.[0] ?? "";
    return root + path;
  }
  return /[\\/:]$/.test(cwd) ? cwd + path : `${cwd}\\${path}`;
}

function search(name: string, path: string | undefined): string {
  const folders = foldersOf(path ?? environmentVariable("PATH") ?? "")
    // A relative folder would lead into the current directory, which is not searched.
    .filter((folder) => /^([A-Za-z]:[\\/]|[\\/]{2})/.test(folder));
  const extensions = knownExtensions();
  for (const folder of [...folders, systemFolder()]) {
    const found = variants(`${folder}\\${name}`, extensions).find(isFile);
    if (found !== undefined) return found;
  }
  throw new Deno.errors.NotFound(
    `Cannot find the program ${JSON.stringify(name)}: it is not on the PATH, and the current ` +
      "directory is not searched; give its path",
  );
}

/** Splits a `PATH` into folders. A semicolon within quotation marks belongs to a folder's name. */
function foldersOf(path: string): string[] {
  return [...path.matchAll(/([^;"]|"[^"]*"?)+/g)].map(([folder]) => folder.replaceAll('"', ""));
}

/** Returns the extensions of programs in the order in which they are tried. */
function knownExtensions(): string[] {
  const listed = (environmentVariable("PATHEXT") ?? "").split(";");
  const known = listed.flatMap((listed) => EXTENSIONS.filter((one) => equalsCaseless(one, listed)));
  return [...new Set(known.length > 0 ? [...known, ".com", ".exe"] : EXTENSIONS)];
}

/**
 * Returns the paths to try for a path whose extension may be missing. The first existing file wins.
 */
function variants(path: string, extensions: readonly string[]): string[] {
  const longer = extensions.map((extension) => path + extension);
  return /\.[^\\/:]*$/.test(path) ? [path, ...longer] : longer;
}

/** Checks whether a path is a file, and not a device: names such as `NUL` exist in every folder. */
function isFile(path: string): boolean {
  return fileKind(path) === "file" && !fullPath(path).startsWith("\\\\.\\");
}

function systemFolder(): string {
  return readWide((path) => kernel32().GetSystemDirectoryW(path, path.length));
}

function batchFile(path: string, args: readonly string[]): Program {
  // The length is checked first, because a pattern throws another error on millions of characters.
  withinLength([path, ...args].join(" "), MAX_SHELL_LINE);
  const safe = (text: string, pattern: RegExp) => {
    // Backslashes at the end are doubled for the programs to which the file passes the argument on:
    // unlike cmd.exe, they read backslashes before a quotation mark in pairs.
    if (pattern.test(text)) return `"${text.replace(/(?<!\\)\\+$/, "$&$&")}"`;
    const faulty = [...text].find((character) => !pattern.test(character));
    throw new TypeError(
      `Cannot pass ${
        JSON.stringify(text)
      } to a batch file: cmd.exe, or a program that the file starts, ` +
        `can give ${JSON.stringify(faulty)} another meaning`,
    );
  };
  // Within quotation marks, only these characters of the path have a meaning for cmd.exe. The file
  // can use its arguments in any way, so only harmless arguments are passed.
  const words = [
    safe(path, /^[^"%\r\n]*$/),
    ...args.map((arg) => safe(arg, HARMLESS)),
  ];
  const shell = `${systemFolder()}\\cmd.exe`;
  const commandLine = `"${shell}" /d /e:on /v:off /s /c "${words.join(" ")}"`;
  return { path: shell, commandLine: withinLength(commandLine, MAX_SHELL_LINE) };
}

/**
 * Writes a command line from which `CommandLineToArgvW` and the C run-time library read the same
 * program and arguments.
 *
 * @param program The program's path, without quotation marks.
 * @param args The arguments, without NUL.
 * @throws {TypeError} If the program's path contains a quotation mark.
 * @throws {RangeError} If the command line is longer than 32,766 characters.
 */
export function toCommandLine(program: string, args: readonly string[]): string {
  if (program.includes('"')) {
    throw new TypeError(`Expected a program without quotation marks, got ${program}`);
  }
  // Another rule than for arguments: the program ends at the next quotation mark, even after a
  // backslash.
  return withinLength([`"${program}"`, ...args.map(quote)].join(" "));
}

/**
 * Returns a command line unchanged if it is short enough. Wine would truncate a longer command
 * line.
 *
 * @param max The maximum length in UTF-16 code units.
 * @throws {RangeError} If the command line is longer.
 */
export function withinLength(line: string, max: number = MAX_TEXT): string {
  if (line.length <= max) return line;
  throw new RangeError(`Expected a command line of at most ${max} characters, got ${line.length}`);
}

/** Quotes an argument, and doubles its backslashes before a quotation mark only. */
function quote(arg: string): string {
  if (arg !== "" && !/[\s"]/.test(arg)) return arg;
  // The look-behind lets a match begin only at the start of a run of backslashes. Without it, the
  // time is quadratic.
  return `"${
    arg.replace(/(?<!\\)(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"'))
  }"`;
}

/**
 * Throws if a value is not an object of environment variables.
 *
 * @param what The value's name in the error message: `"env"`.
 * @throws {TypeError} If the value is not an object, or a variable's name or value is invalid.
 * @throws {RangeError} If a name or a value has more than 32,766 characters.
 */
export function assertEnvironment(
  what: string,
  value: unknown,
): asserts value is Readonly<Record<string, string>> {
  assertObject(what, value);
  for (const [name, text] of Object.entries(value)) {
    if (name === "" || /[=\0]/.test(name) || typeof text !== "string" || text.includes("\0")) {
      throw new TypeError(
        `Expected an environment variable, got ${JSON.stringify(name)}: ${show(text)}`,
      );
    }
    for (const [what, { length }] of [["name", name], ["value", text]] as const) {
      if (length <= MAX_VARIABLE) continue;
      throw new RangeError(
        `Expected the ${what} of an environment variable to have at most ${MAX_VARIABLE} ` +
          `characters, got ${length} (${name.slice(0, 40)})`,
      );
    }
  }
}

/**
 * Writes an environment block: the variables sorted by name, as Windows requires, with a NUL after
 * each variable and another NUL at the end.
 *
 * @param env The variables to add; the caller has checked them.
 * @param clear Whether the block leaves out the variables of this process.
 */
export function environmentBlock(
  env: Readonly<Record<string, string>>,
  clear: boolean,
): Uint16Array<ArrayBuffer> {
  // The keys are the names in upper case, because Windows ignores case when it compares and sorts
  // them.
  const variables = new Map<string, { name: string; value: string }>();
  const set = (name: string, value: string) => {
    const key = upcase(name);
    // The last value wins, but the name keeps its first spelling.
    variables.set(key, { name: variables.get(key)?.name ?? name, value });
  };
  for (const text of clear ? [] : environmentStrings()) {
    // The names of Windows' own hidden variables begin with "=".
    const at = text.indexOf("=", 1);
    // A parent process can put texts into the block that are not variables.
    if (at < 0) continue;
    set(text.slice(0, at), text.slice(at + 1));
  }
  for (const [name, value] of Object.entries(env)) set(name, value);
  const sorted = [...variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const text = sorted.map(([, { name, value }]) => `${name}=${value}\0`).join("");
  return toUnits(text === "" ? "\0\0" : `${text}\0`);
}

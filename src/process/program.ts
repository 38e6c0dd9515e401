/**
 * The program of a command, the command line and the environment that it is started with.
 *
 * Windows has one text for all arguments.
 *
 * @see {@link https://learn.microsoft.com/windows-server/administration/windows-commands/path}
 * @see {@link https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments}
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/changing-environment-variables}
 * @module
 */

import { environmentStrings, environmentVariable, MAX_VARIABLE } from "../../ffi/process_thread.ts";
import { fileKind, fullPath } from "../../ffi/file_io.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { equalsCaseless, MAX_TEXT, readWide, toUnits, upcase } from "../../ffi/wide.ts";
import { assertObject, show } from "../../ffi/arguments.ts";

/** The extensions of files that can be started, in the order in which Windows tries them at first. */
const EXTENSIONS = [".com", ".exe", ".bat", ".cmd"];

/** The longest command line that cmd.exe takes, in UTF-16 code units. */
const MAX_SHELL_LINE = 8191;

/**
 * Arguments that a batch file gets. Some letters are left out: a program that reads its arguments in a
 * code page
 * gets U+02BA as a quotation mark, which ends the argument, and others as `|`, `!`, `'`, `^` or a backtick.
 */
const HARMLESS = /^(?:(?![\u01c0\u01c3\u02b0-\u02ff])[\p{L}\p{N} _.,:\\/@+-])*$/u;

/** A program, and the command line that starts it. */
export interface Program {
  /** The program's path. */
  path: string;
  /** The command line. */
  commandLine: string;
}

/** Where a command is looked for, and how its arguments are joined. */
export interface ProgramOptions {
  /** The folder from which a relative path leads. @default this process's current directory */
  cwd?: string | undefined;
  /** The `PATH`. @default this process's */
  path?: string | undefined;
  /** Whether the arguments are joined as they are. @default false */
  raw?: boolean | undefined;
}

/**
 * Finds the program of a command, as cmd does: also by a name without its extension.
 *
 * A bare name is looked for on the `PATH` and among Windows' own programs, never in the
 * current directory. A batch file is run by cmd.exe, which reads arguments by rules that no
 * quoting gets around: those that mean something to it are refused.
 *
 * @param command The command: a path, or a name.
 * @param options Where it is looked for, and how the arguments are joined.
 * @throws {Deno.errors.NotFound} If there is no such program.
 * @throws {TypeError} If an argument cannot be passed to a batch file safely.
 * @throws {RangeError} If the command line is too long.
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
  // Windows drops a dot at the end of a path.
  const extensions = knownExtensions();
  const found = [path, path.replace(/\.$/, "")]
    .flatMap((path) => variants(path, extensions))
    .find(isFile);
  if (found !== undefined) return found;
  if (fileKind(path) === "folder") {
    throw new Deno.errors.NotFound(`Cannot start ${JSON.stringify(path)}: it is a folder`);
  }
  // It has no extension, or Windows says what is wrong.
  return path;
}

/** A path as the child would read it: Windows reads it in this process's current directory. */
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
    // Relative ones would be looked for in the current directory.
    .filter((folder) => /^([A-Za-z]:[\\/]|[\\/]{2})/.test(folder));
  const extensions = knownExtensions();
  for (const folder of [...folders, systemFolder()]) {
    const found = variants(`${folder}\\${name}`, extensions).find(isFile);
    if (found !== undefined) return found;
  }
  throw new Deno.errors.NotFound(
    `Cannot find the program ${JSON.stringify(name)}: it is not on the PATH, and the current ` +
      "directory is not looked at; give its path",
  );
}

/** The folders of a `PATH`: semicolons within quotation marks belong to a folder's name. */
function foldersOf(path: string): string[] {
  return [...path.matchAll(/([^;"]|"[^"]*"?)+/g)].map(([folder]) => folder.replaceAll('"', ""));
}

/** The extensions of programs, in the order in which they are tried. */
function knownExtensions(): string[] {
  const listed = (environmentVariable("PATHEXT") ?? "").split(";");
  const known = listed.flatMap((listed) => EXTENSIONS.filter((one) => equalsCaseless(one, listed)));
  return [...new Set(known.length > 0 ? [...known, ".com", ".exe"] : EXTENSIONS)];
}

/** The files that may be meant by a path, which may lack an extension. The first that is there counts. */
function variants(path: string, extensions: readonly string[]): string[] {
  const longer = extensions.map((extension) => path + extension);
  return /\.[^\\/:]*$/.test(path) ? [path, ...longer] : longer;
}

/** Whether there is a file, and no device: `NUL` and its like are in every folder. */
function isFile(path: string): boolean {
  return fileKind(path) === "file" && !fullPath(path).startsWith("\\\\.\\");
}

function systemFolder(): string {
  return readWide((path) => kernel32().GetSystemDirectoryW(path, path.length));
}

function batchFile(path: string, args: readonly string[]): Program {
  // A pattern fails with an error of its own on millions of characters.
  withinLength([path, ...args].join(" "), MAX_SHELL_LINE);
  const safe = (text: string, pattern: RegExp) => {
    // The programs that the file passes an argument on to read backslashes before a quotation mark as
    // pairs, which cmd.exe does not.
    if (pattern.test(text)) return `"${text.replace(/(?<!\\)\\+$/, "$&$&")}"`;
    const faulty = [...text].find((character) => !pattern.test(character));
    throw new TypeError(
      `Cannot pass ${
        JSON.stringify(text)
      } to a batch file: cmd.exe, or a program that the file starts, ` +
        `may take ${JSON.stringify(faulty)} for something else`,
    );
  };
  // Between quotation marks only these mean something to cmd.exe. What the file does with its
  // arguments afterwards is not known, so of them only the harmless are passed.
  const words = [
    safe(path, /^[^"%\r\n]*$/),
    ...args.map((arg) => safe(arg, HARMLESS)),
  ];
  const shell = `${systemFolder()}\\cmd.exe`;
  const commandLine = `"${shell}" /d /e:on /v:off /s /c "${words.join(" ")}"`;
  return { path: shell, commandLine: withinLength(commandLine, MAX_SHELL_LINE) };
}

/**
 * Writes a command line that `CommandLineToArgvW` and the C run-time library read as the same
 * words again.
 *
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

/**
 * Throws unless a value is an object of environment variables.
 *
 * @param what What the value is, for the message: `"env"`.
 * @throws {TypeError} If it is something else, or a name or a value is invalid.
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
 * Writes an environment: each variable with a NUL behind it, sorted by name as Windows wants
 * it, and a NUL at the end.
 *
 * @param env The variables that are set in addition, checked before.
 * @param clear Whether it has those of this process not.
 */
export function environmentBlock(
  env: Readonly<Record<string, string>>,
  clear: boolean,
): Uint16Array<ArrayBuffer> {
  // By the names as Windows compares them, which is also the order that it wants.
  const variables = new Map<string, { name: string; value: string }>();
  const set = (name: string, value: string) => {
    const key = upcase(name);
    // A later value wins, under the name as it was written first.
    variables.set(key, { name: variables.get(key)?.name ?? name, value });
  };
  for (const text of clear ? [] : environmentStrings()) {
    // The names of some that Windows keeps for itself begin with "=".
    const at = text.indexOf("=", 1);
    // A parent can put texts into the block that are no variables.
    if (at < 0) continue;
    set(text.slice(0, at), text.slice(at + 1));
  }
  for (const [name, value] of Object.entries(env)) set(name, value);
  const sorted = [...variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const text = sorted.map(([, { name, value }]) => `${name}=${value}\0`).join("");
  return toUnits(text === "" ? "\0\0" : `${text}\0`);
}

/**
 * Child processes that inherit exactly what they are given.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createprocessw}
 * @module
 */

import {
  assertBoolean,
  assertOptions,
  assertSignal,
  oneOf,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { equalsCaseless } from "../../ffi/text.ts";
import { createProcess } from "../../ffi/create_process.ts";
import { assertFolder, toPath } from "../../ffi/file.ts";
import { assertWide } from "../../ffi/wide.ts";
import { ChildProcess } from "./child_process.ts";
import { assertEnvironment, environmentBlock } from "./environment_block.ts";
import { assertInheritables, type Inheritable, InheritanceScope } from "./inherit.ts";
import { findProgram } from "./program.ts";
import { openStdio, STDIO, type Stdio, type StdioEnd } from "./stdio.ts";

/** The values that handles have in the child, by their keys. */
export type HandleValues = Readonly<Record<string, bigint>>;

/** What a child process is to be like. */
export interface SpawnOptions {
  /**
   * The arguments, or a function that makes them of the values that the handles will have in the child.
   *
   * An argument of a batch file may have letters, digits, spaces and `_ . , : \ / @ + -` in it. All else
   * is a TypeError, also with `windowsRawArguments`, because cmd.exe may take it for a command; so are
   * letters that a code page turns into a quotation mark. The batch file sees backslashes at the end of
   * an argument doubled; the programs that it starts do not.
   *
   * A program that reads its arguments in a code page, as `main` in C does, gets a look-alike for each
   * character that the page lacks: for U+FF02 a quotation mark, which ends the argument. Check for
   * those where arguments are not trusted.
   */
  args?: readonly string[] | ((handles: HandleValues) => readonly string[]);
  /** What the child inherits, under which keys: `SharedMemory.inherited(key)` and its like take it there. */
  inherit?: Readonly<Record<string, Inheritable>>;
  /**
   * Environment variables that it has in addition to those of this process. Upper and lower case are the
   * same: `Path` replaces `PATH`.
   */
  env?: Readonly<Record<string, string>>;
  /** Whether it has none of this process's variables. @default false */
  clearEnv?: boolean;
  /**
   * Its current directory, a path or a `file:` URL. A relative path of a program begins there.
   *
   * @default this process's
   */
  cwd?: string | URL;
  /** Its standard input: this process's, nothing, or a stream. @default "inherit" */
  stdin?: Stdio;
  /** Its standard output. @default "inherit" */
  stdout?: Stdio;
  /** Its standard error. @default "inherit" */
  stderr?: Stdio;
  /** Ends the child when it is aborted. */
  signal?: AbortSignal;
  /** Whether arguments are joined as they are, for programs that read them by rules of their own. @default false */
  windowsRawArguments?: boolean;
  /** Whether the child is ended when this process ends, however it does. @default false */
  killWithParent?: boolean;
}

/** The checks of {@linkcode SpawnOptions}. */
export const SPAWN_CHECKS: OptionChecks<SpawnOptions> = {
  args(what, value) {
    if (typeof value !== "function") assertArguments(what, value);
  },
  inherit: assertInheritables,
  env: assertEnvironment,
  clearEnv: assertBoolean,
  cwd(what, value) {
    toPath(what, value);
  },
  stdin: oneOf(STDIO),
  stdout: oneOf(STDIO),
  stderr: oneOf(STDIO),
  signal: assertSignal,
  windowsRawArguments: assertBoolean,
  killWithParent: assertBoolean,
};

/**
 * Starts a program, which inherits the handles that are named and no others, whatever else in
 * this process is inheritable.
 *
 * A name is looked for on the `PATH` of `env`, or else on this process's, and among Windows' own
 * programs. Unlike `Deno.Command`, it looks in no folder that the `PATH` names relative to the current
 * directory. The extensions `.com`, `.exe`, `.bat` and `.cmd` may be left out. `PATHEXT` says which of
 * them is tried first.
 *
 * @example
 * ```ts
 * import { spawn } from "@winipc/winipc/process";
 * import { assertEquals } from "@std/assert";
 *
 * const child = spawn("cmd", { args: ["/c", "exit 3"], cwd: new URL("file:///C:/windows") });
 * assertEquals((await child.status).code, 3);
 * ```
 *
 * @param command The program: a path, a `URL` object with `file:`, or a name. A string is never a URL.
 * @param options What it is to be like.
 * @throws {Deno.errors.NotFound} If there is no such program, or no such folder as `cwd`.
 * @throws {Deno.errors.PermissionDenied} If this user may not run it, or memory that was opened to be read is to
 *   be passed on to be written.
 * @throws {Deno.errors.InvalidData} If the file is no program.
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be passed on.
 * @throws {RangeError} If the command line, or a variable's name or value, has more than 32,766 characters.
 */
export function spawn(command: string | URL, options: SpawnOptions = {}): ChildProcess {
  const program = toPath("command", command);
  assertOptions(options, SPAWN_CHECKS);
  const { args = [], inherit = {}, signal, killWithParent = false } = options;
  const { stdin = "inherit", stdout = "inherit", stderr = "inherit" } = options;
  signal?.throwIfAborted();
  using scope = new InheritanceScope(inherit);
  const words: unknown = typeof args === "function" ? args(scope.handles) : args;
  assertArguments("args", words);
  const cwd = options.cwd === undefined ? undefined : toPath("cwd", options.cwd);
  if (cwd !== undefined) {
    assertFolder(cwd, `Cannot start ${JSON.stringify(program)} in ${JSON.stringify(cwd)}`);
  }
  const found = findProgram(program, words, {
    cwd,
    path: pathOf(options.env ?? {}),
    raw: options.windowsRawArguments,
  });
  const env = { ...options.env, ...scope.env };
  // A getter may give another value than when the options were checked.
  assertEnvironment("env", env);
  const environment = environmentBlock(env, options.clearEnv ?? false);
  const ends: StdioEnd[] = [];
  try {
    ends.push(openStdio("stdin", stdin));
    ends.push(openStdio("stdout", stdout));
    ends.push(openStdio("stderr", stderr));
    const started = createProcess({
      ...found,
      environment,
      directory: cwd,
      standard: ends.map(({ handle }) => handle),
      inherited: Object.values(scope.handles),
      killWithParent,
    });
    return new ChildProcess(started, ends.map(({ pipe }) => pipe), signal);
  } catch (error) {
    for (const { pipe } of ends) pipe?.close();
    throw error;
  } finally {
    for (const { handle } of ends) handle.close();
  }
}

/** The `PATH` of an environment; the last one counts where it is there in several spellings. */
function pathOf(env: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(env).findLast(([name]) => equalsCaseless(name, "PATH"))?.[1];
}

function assertArguments(what: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Expected ${what} to be an array of strings, got ${show(value)}`);
  }
  for (const [index, word] of value.entries()) assertWide(`${what}[${index}]`, word);
}

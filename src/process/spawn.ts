/**
 * Child processes that inherit exactly what they are given.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createprocessw}
 * @module
 */

import { assertBoolean, assertSignal, show } from "../../ffi/arguments.ts";
import { createProcess, killWithThisProcess } from "../../ffi/create_process.ts";
import { assertOptions, oneOf, type OptionChecks } from "../../ffi/options.ts";
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
  /** The arguments, or what makes them of the values that the handles will have in the child. */
  args?: readonly string[] | ((handles: HandleValues) => readonly string[]);
  /** What the child inherits, under which keys: `SharedMemory.inherited(key)` and its like take it there. */
  inherit?: Readonly<Record<string, Inheritable>>;
  /** Environment variables that it has in addition to those of this process. */
  env?: Readonly<Record<string, string>>;
  /** Whether it has none of this process's variables. @default false */
  clearEnv?: boolean;
  /** Its current directory. @default this process's */
  cwd?: string;
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
  cwd: assertWide,
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
 * @param command The program: a path, or a name that is looked for on the `PATH`.
 * @param options What it is to be like.
 * @throws {Deno.errors.NotFound} If there is no such program.
 * @throws {Deno.errors.PermissionDenied} If this user may not run it, or memory that was opened to be read is to
 *   be passed on to be written.
 * @throws {Deno.errors.InvalidData} If the file is no program.
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be passed on.
 */
export function spawn(command: string, options: SpawnOptions = {}): ChildProcess {
  assertWide("command", command);
  assertOptions(options, SPAWN_CHECKS);
  const { args = [], inherit = {}, signal, killWithParent = false } = options;
  const { stdin = "inherit", stdout = "inherit", stderr = "inherit" } = options;
  signal?.throwIfAborted();
  using scope = new InheritanceScope(inherit);
  const words: unknown = typeof args === "function" ? args(scope.handles) : args;
  assertArguments("args", words);
  const program = findProgram(command, words, options.windowsRawArguments ?? false);
  const environment = environmentBlock({ ...options.env, ...scope.env }, options.clearEnv ?? false);
  const ends: StdioEnd[] = [];
  try {
    ends.push(openStdio("stdin", stdin));
    ends.push(openStdio("stdout", stdout));
    ends.push(openStdio("stderr", stderr));
    const started = createProcess({
      ...program,
      environment,
      directory: options.cwd,
      standard: ends.map(({ handle }) => handle),
      inherited: Object.values(scope.handles),
      beforeItRuns: killWithParent ? killWithThisProcess : undefined,
    });
    return new ChildProcess(started, ends.map(({ pipe }) => pipe), signal);
  } catch (error) {
    for (const { pipe } of ends) pipe?.close();
    throw error;
  } finally {
    for (const { handle } of ends) handle.close();
  }
}

function assertArguments(what: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Expected ${what} to be an array of strings, got ${show(value)}`);
  }
  for (const [index, word] of value.entries()) assertWide(`${what}[${index}]`, word);
}

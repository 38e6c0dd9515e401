/**
 * Starting child processes, and the handles that they inherit: exactly those that they are given.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-createprocessw}
 * @see {@link https://learn.microsoft.com/windows/win32/sysinfo/handle-inheritance}
 * @module
 */

import {
  assertBoolean,
  assertObject,
  assertOptions,
  assertSignal,
  oneOf,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { createProcess } from "../../ffi/create_process.ts";
import { assertFolder, toPath } from "../../ffi/file_io.ts";
import { assertWide, equalsCaseless } from "../../ffi/wide.ts";
import {
  childOver,
  type ChildProcess,
  openStdio,
  STDIO,
  type Stdio,
  type StdioEnd,
} from "./child_process.ts";
import { assertEnvironment, environmentBlock, findProgram } from "./program.ts";
import { inheritanceVariable } from "../names.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { type MemoryAccess, SharedMemory } from "../memory/mod.ts";
import { MEMORY_ACCESS } from "../memory/mapped_view.ts";
import { SharedObject } from "../sync/mod.ts";
import { describeInheritance } from "../memory/handles.ts";

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
 * @throws {Deno.errors.NotFound} If there is no such program, or no such folder as `cwd`.
 * @throws {Deno.errors.PermissionDenied} If this user may not run it, or memory that was opened to be
 *   read is to
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
  using scope = openScope(inherit);
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
    return childOver(started, ends.map(({ pipe }) => pipe), signal);
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

/** What is passed on: a memory, and what the child may do with it, or an event, a semaphore or a mutex. */
export type Inheritable =
  | SharedMemory
  | { memory: SharedMemory; access: MemoryAccess }
  | SharedObject;

type Access = Exclude<Inheritable, SharedMemory | SharedObject>;

const ACCESS_CHECKS: OptionChecks<Access> = {
  memory(what, value) {
    if (value instanceof SharedMemory) return;
    throw new TypeError(`Expected ${what} to be a SharedMemory, got ${show(value)}`);
  },
  access: oneOf(MEMORY_ACCESS),
};

/**
 * Throws unless a value is an object of what can be passed on, by keys.
 *
 * @param what What the value is, for the message: `"inherit"`.
 * @throws {TypeError} If it is no object, a key is invalid, two keys differ only in case, or one of the
 *   objects cannot be passed on.
 */
export function assertInheritables(
  what: string,
  value: unknown,
): asserts value is Readonly<Record<string, Inheritable>> {
  assertObject(what, value);
  const names = new Map<string, string>();
  for (const [key, inheritable] of Object.entries(value)) {
    // The child would find only one of them.
    const name = inheritanceVariable(key).toUpperCase();
    const same = names.get(name);
    if (same !== undefined) {
      throw new TypeError(
        `Expected the keys of ${what} to differ in more than case, got "${same}" and "${key}"`,
      );
    }
    names.set(name, key);
    assertInheritable(`${what}.${key}`, inheritable);
  }
}

function assertInheritable(what: string, value: unknown): asserts value is Inheritable {
  if (value instanceof SharedMemory || value instanceof SharedObject) return;
  if (typeof value === "object" && value !== null && "memory" in value) {
    const { memory, access, ...others } = { access: undefined, ...value };
    assertOptions<Partial<Access>>(others, ACCESS_CHECKS);
    ACCESS_CHECKS.memory(`${what}.memory`, memory);
    ACCESS_CHECKS.access(`${what}.access`, access);
    return;
  }
  throw new TypeError(
    `Expected ${what} to be memory, an event, a semaphore, a mutex, or { memory, access }, ` +
      `got ${show(value)}`,
  );
}

/** Keeps a scope from being collected for as long as a script has what it gave out. */
const scopes = new WeakMap<object, InheritanceScope>();

/** Passes objects on to children, under their keys, until the scope is closed. */
let openScope: (objects: Readonly<Record<string, Inheritable>>) => InheritanceScope;

/**
 * Lets the child processes that are started while it is open inherit memory and other objects.
 *
 * It is for `Deno.Command`, which lets a child inherit every handle that is inheritable in
 * this process. So a child that another part of the script starts meanwhile gets these handles
 * too, and so does one that any other thread of the process starts: keep the scope short. The
 * handles are duplicates made for it, and are closed at its end.
 *
 * @example
 * ```ts ignore
 * import { inheritHandles, SharedMemory } from "@winipc/winipc";
 *
 * using memory = SharedMemory.anonymous(4096);
 * const child = (() => {
 *   using scope = inheritHandles({ numbers: memory });
 *   return new Deno.Command(Deno.execPath(), {
 *     args: ["run", "--allow-ffi", "child.ts"], // SharedMemory.inherited("numbers")
 *     env: scope.env,
 *   }).spawn();
 * })();
 * await child.status;
 * ```
 */
export class InheritanceScope extends Uncloneable implements Disposable {
  /** What the child's environment needs in addition. */
  readonly env: Record<string, string> = {};
  /** The values that the handles have, here and in the child, by their keys. */
  readonly handles: Record<string, bigint> = {};
  readonly #duplicates: (SharedMemory | SharedObject)[] = [];

  static {
    openScope = (objects) => new InheritanceScope(objects);
  }

  private constructor(objects: Readonly<Record<string, Inheritable>>) {
    super();
    assertInheritables("what is inherited", objects);
    // A script may keep these and forget the scope: the handles are then still needed.
    for (const words of [this.env, this.handles]) scopes.set(words, this);
    try {
      for (const [key, inheritable] of Object.entries(objects)) this.#add(key, inheritable);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes the handles; children that were started have theirs. */
  close(): void {
    // One that cannot be closed does not keep the others open.
    using stack = new DisposableStack();
    for (const duplicate of this.#duplicates) stack.use(duplicate);
  }

  /** Closes the scope at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #add(key: string, inheritable: Inheritable): void {
    const name = inheritanceVariable(key);
    if (inheritable instanceof SharedObject) {
      const duplicate = inheritable.toInheritable();
      this.#duplicates.push(duplicate);
      this.handles[key] = duplicate.unsafeHandle;
      this.env[name] = `${duplicate.unsafeHandle} ${duplicate.kind}`;
      return;
    }
    const { memory, access } = "memory" in inheritable
      ? inheritable
      : { memory: inheritable, access: inheritable.access };
    const duplicate = memory.toInheritable(access);
    this.#duplicates.push(duplicate);
    const { unsafeHandle: handle, byteLength } = duplicate;
    this.handles[key] = handle;
    this.env[name] = describeInheritance({ handle, byteLength, access });
  }
}

/**
 * Lets the child processes that are started while it is open inherit memory and other objects.
 *
 * @param objects What is passed on, under which keys: letters, digits and `_`; upper and
 *   lower case are the same.
 * @throws {Deno.errors.PermissionDenied} If memory that was opened to be read is to be passed on to be written.
 * @throws {Deno.errors.BadResource} If one of them is closed.
 * @throws {TypeError} If a key is invalid, or differs from another only in case.
 */
export function inheritHandles(objects: Record<string, Inheritable>): InheritanceScope {
  return openScope(objects);
}

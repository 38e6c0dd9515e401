/**
 * Starts child processes, which inherit exactly the named handles.
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
import { assertFolder, toPath } from "../../ffi/file.ts";
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

/** The values of the handles in the child, by their keys. */
export type HandleValues = Readonly<Record<string, bigint>>;

/** Options for a child process. */
export interface SpawnOptions {
  /**
   * The arguments, or a function that returns them; it gets the values of the handles in the child.
   *
   * An argument of a batch file can contain letters, digits, spaces and `_ . , : \ / @ + -`. Any
   * other character causes a TypeError, even with `windowsRawArguments`, because cmd.exe could read
   * it as a command. Letters that a code page turns into a quotation mark cause a TypeError too.
   * The batch file sees backslashes at the end of an argument doubled; the programs that it starts
   * do not.
   *
   * Some programs read their arguments in a code page, as `main` in C does. They get similar
   * characters for characters that the code page lacks. For U+FF02 they get a quotation mark, which
   * ends the argument. Check arguments for such characters if you do not trust them.
   */
  args?: readonly string[] | ((handles: HandleValues) => readonly string[]);
  /**
   * The objects that the child inherits, by keys. The child takes an object by its key and the
   * static method `inherited` of its class, such as `SharedMemory.inherited(key)`.
   */
  inherit?: Readonly<Record<string, Inheritable>>;
  /**
   * Environment variables that the child gets in addition to the variables of this process. Names
   * ignore case: `Path` replaces `PATH`.
   */
  env?: Readonly<Record<string, string>>;
  /** Whether the child gets none of this process's variables. @default false */
  clearEnv?: boolean;
  /**
   * The child's current directory, as a path or a `file:` URL. A relative path of a program begins
   * there.
   *
   * @default this process's current directory
   */
  cwd?: string | URL;
  /** The child's standard input. @default "inherit" */
  stdin?: Stdio;
  /** The child's standard output. @default "inherit" */
  stdout?: Stdio;
  /** The child's standard error. @default "inherit" */
  stderr?: Stdio;
  /** Ends the child when the signal is aborted. */
  signal?: AbortSignal;
  /**
   * Whether the arguments are joined by spaces without quoting, for programs with other rules of
   * quoting. @default false
   */
  windowsRawArguments?: boolean;
  /** Whether the end of this process, for any reason, ends the child too. @default false */
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
 * Starts a program. The child inherits only the handles in `inherit`, even if this process has
 * other inheritable handles.
 *
 * A name without a path is looked up on the `PATH`, and then among Windows' own programs. A `PATH`
 * in `env` replaces the `PATH` of this process. Unlike `Deno.Command`, this function skips relative
 * folders of the `PATH`. The extensions `.com`, `.exe`, `.bat` and `.cmd` can be left out; they are
 * tried in the order of `PATHEXT`.
 *
 * @example Start a command and get its exit code
 * ```ts
 * import { spawn } from "@winipc/winipc/process";
 * import { assertEquals } from "@std/assert";
 *
 * const child = spawn("cmd", { args: ["/c", "exit 3"], cwd: new URL("file:///C:/windows") });
 * assertEquals((await child.status).code, 3);
 * ```
 *
 * @param command The program: a path, a `URL` object with `file:`, or a name. A string is never a
 *   URL.
 * @throws {Deno.errors.NotFound} If the program or the folder `cwd` does not exist.
 * @throws {Deno.errors.PermissionDenied} If this user cannot run the program, or `inherit` gives
 *   `"readwrite"` access to memory whose own access is `"read"`.
 * @throws {Deno.errors.InvalidData} If the file is not a program.
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be passed to the program.
 * @throws {RangeError} If the command line, or a variable's name or value, has more than 32,766
 *   characters.
 */
export function spawn(command: string | URL, options: SpawnOptions = {}): ChildProcess {
  const program = toPath("command", command);
  assertOptions(options, SPAWN_CHECKS);
  const { args = [], inherit = {}, signal, killWithParent = false } = options;
  const { stdin = "inherit", stdout = "inherit", stderr = "inherit" } = options;
  signal?.throwIfAborted();
  using scope = openScope(inherit);
  // The function must not change the handles that the child inherits.
  const handles = Object.freeze({ ...scope.handles });
  const words: unknown = typeof args === "function" ? args(handles) : args;
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
  // The variables are checked again, because a getter can return another value now.
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
    for (const { pipe } of ends) pipe?.[Symbol.dispose]();
    throw error;
  } finally {
    for (const { handle } of ends) handle.close();
  }
}

/** Returns the `PATH` of an environment: the last one, if it has several in different case. */
function pathOf(env: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(env).findLast(([name]) => equalsCaseless(name, "PATH"))?.[1];
}

function assertArguments(what: string, value: unknown): asserts value is readonly string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`Expected ${what} to be an array of strings, got ${show(value)}`);
  }
  for (const [index, word] of value.entries()) assertWide(`${what}[${index}]`, word);
}

/**
 * An object that a child can inherit: memory, with or without an access, or an event, semaphore or
 * mutex.
 */
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
 * Throws if a value is not an object with valid keys and inheritable objects.
 *
 * @param what The value's name in the error message: `"inherit"`.
 * @throws {TypeError} If the value is not an object, or one of its values cannot be inherited. Also
 *   if a key is invalid, or two keys differ only in case.
 */
export function assertInheritables(
  what: string,
  value: unknown,
): asserts value is Readonly<Record<string, Inheritable>> {
  assertObject(what, value);
  const names = new Map<string, string>();
  for (const [key, inheritable] of Object.entries(value)) {
    // Windows ignores the case of variables, so the child would find only one of the two objects.
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

/** Keeps a scope from being collected for as long as the script holds its `env` or `handles`. */
const scopes = new WeakMap<object, InheritanceScope>();

/** Opens a scope, in which children inherit the objects under their keys. */
let openScope: (objects: Readonly<Record<string, Inheritable>>) => InheritanceScope;

/**
 * A scope that lets child processes inherit memory and other objects. Only children that start
 * while the scope is open inherit them.
 *
 * The scope is for `Deno.Command`, whose children inherit every inheritable handle of this process.
 * Close the scope soon: all other children that start while it is open inherit the handles too,
 * also when another thread starts them. The handles are duplicates, which are closed with the
 * scope.
 *
 * @example Let a child of Deno.Command inherit memory
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
  /** The environment variables that describe the handles to the child. */
  readonly env: Record<string, string> = {};
  /**
   * The values of the handles by their keys. They are the same in this process and in the child.
   */
  readonly handles: Record<string, bigint> = {};
  readonly #duplicates: (SharedMemory | SharedObject)[] = [];

  static {
    openScope = (objects) => new InheritanceScope(objects);
  }

  private constructor(objects: Readonly<Record<string, Inheritable>>) {
    super();
    assertInheritables("objects", objects);
    // A script can keep these and not the scope. The handles are still needed then.
    for (const words of [this.env, this.handles]) scopes.set(words, this);
    try {
      for (const [key, inheritable] of Object.entries(objects)) this.#add(key, inheritable);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes the handles. Children that have started keep their own handles. */
  close(): void {
    // The stack closes all handles, even if one close throws.
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
 * Opens a scope that lets child processes of `Deno.Command` inherit memory and other objects. Pass
 * the scope's `env` to the child, and close the scope after the start.
 *
 * {@linkcode spawn} needs no scope: use its option `inherit`.
 *
 * @example Describe memory to a child
 * ```ts
 * import { inheritHandles } from "@winipc/winipc/process";
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using scope = inheritHandles({ numbers: memory });
 * // A `new Deno.Command(program, { env: scope.env })` starts a child here.
 * // The child calls `SharedMemory.inherited("numbers")`.
 * assertEquals(scope.env, {
 *   WINIPC_INHERIT_numbers: `${scope.handles.numbers} section 4096 readwrite`,
 * });
 * ```
 *
 * @param objects The objects by keys of letters, digits and `_`. Keys ignore case.
 * @throws {Deno.errors.PermissionDenied} If `"readwrite"` access is given to memory whose own
 *   access is `"read"`.
 * @throws {Deno.errors.BadResource} If one of the objects is closed.
 * @throws {TypeError} If a key is invalid, or two keys differ only in case.
 */
export function inheritHandles(objects: Record<string, Inheritable>): InheritanceScope {
  return openScope(objects);
}

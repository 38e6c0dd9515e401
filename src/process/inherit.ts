/**
 * Memory, events, semaphores and mutexes for a child process, by handles that it inherits.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sysinfo/handle-inheritance}
 * @module
 */

import {
  assertObject,
  assertOptions,
  oneOf,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { inheritanceVariable } from "../names/inherited_handle.ts";
import { Uncloneable } from "../../ffi/uncloneable.ts";
import { type MemoryAccess, SharedMemory } from "../memory/mod.ts";
import { MEMORY_ACCESS } from "../memory/mapped_view.ts";
import { SharedObject } from "../sync/mod.ts";
import { describeInheritance } from "../memory/adoption.ts";

/** What is passed on: a memory, and what the child may do with it, or an object to take turns by. */
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

  /**
   * Opens a scope.
   *
   * @param objects What is passed on, under which keys.
   */
  constructor(objects: Readonly<Record<string, Inheritable>>) {
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
  return new InheritanceScope(objects);
}

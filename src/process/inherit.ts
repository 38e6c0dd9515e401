/**
 * Memory for a child process, by handles that it inherits.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sysinfo/handle-inheritance}
 * @module
 */

import type { MemoryAccess, SharedMemory } from "../memory/mod.ts";
import { inheritanceVariable } from "../../ffi/inheritance.ts";
import { describeInheritance } from "../memory/inheritance.ts";

/** A memory to pass on, and what the child may do with it. */
export type Inheritable = SharedMemory | { memory: SharedMemory; access: MemoryAccess };

/**
 * Lets the child processes that are started while it is open inherit memory.
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
export class InheritanceScope implements Disposable {
  /** What the child's environment needs in addition. */
  readonly env: Record<string, string> = {};
  /** The values that the handles have, here and in the child, by their keys. */
  readonly handles: Record<string, bigint> = {};
  readonly #memories: SharedMemory[] = [];

  /**
   * Opens a scope.
   *
   * @param memories What is passed on, under which keys.
   */
  constructor(memories: Readonly<Record<string, Inheritable>>) {
    try {
      for (const [key, inheritable] of Object.entries(memories)) this.#add(key, inheritable);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes the handles; children that were started have theirs. */
  close(): void {
    for (const memory of this.#memories) memory.close();
  }

  /** Closes the scope at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #add(key: string, inheritable: Inheritable): void {
    const name = inheritanceVariable(key);
    const { memory, access } = "memory" in inheritable
      ? inheritable
      : { memory: inheritable, access: inheritable.access };
    const duplicate = memory.toInheritable(access);
    this.#memories.push(duplicate);
    const { unsafeHandle: handle, byteLength } = duplicate;
    this.handles[key] = handle;
    this.env[name] = describeInheritance({ handle, byteLength, access });
  }
}

/**
 * Lets the child processes that are started while it is open inherit memory.
 *
 * @param memories What is passed on, under which keys: letters, digits and `_`; upper and
 *   lower case are the same.
 * @throws {Deno.errors.PermissionDenied} If memory that was opened to be read is to be passed on to be written.
 * @throws {Deno.errors.BadResource} If a memory is closed.
 * @throws {TypeError} If a key is none.
 */
export function inheritHandles(memories: Record<string, Inheritable>): InheritanceScope {
  return new InheritanceScope(memories);
}

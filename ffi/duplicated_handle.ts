/**
 * Handles that this process has put into others.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @module
 */

import { assertInteger } from "./arguments.ts";
import type { Handle } from "./handle.ts";
import { closeHandleIn, openProcess, putHandle } from "./process.ts";
import { Uncloneable } from "./uncloneable.ts";

/** A handle in another process, which that process owns. */
export class DuplicatedHandle extends Uncloneable implements Disposable {
  /** The process that has it. */
  readonly pid: number;
  /** The handle's value there. */
  readonly value: bigint;
  readonly #object: Handle;

  /**
   * Puts a handle into a process.
   *
   * @param object The handle to duplicate.
   * @param pid The process.
   * @param rights What the duplicate grants, as a mask.
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user may not give it handles.
   */
  constructor(object: Handle, pid: number, rights: number) {
    super();
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    this.pid = pid;
    using process = openProcess(pid);
    // Made first, for when it cannot be made there must be nothing in the other process.
    this.#object = object.duplicate();
    try {
      this.value = putHandle(process, object, rights);
    } catch (error) {
      this.#object.close();
      throw error;
    }
  }

  /**
   * Closes the handle in the other process, for one that will not take it: that is looked
   * at first, so that no other handle is closed whose number is now the same.
   *
   * A process that closes its handle itself at the very same time can still get another
   * one closed; so this is not for a process that has been told of it and may use it.
   *
   * @returns Whether it was there and is closed now; `false` also when the process is gone.
   * @throws {Deno.errors.PermissionDenied} If the process cannot be opened any more.
   */
  revoke(): boolean {
    if (this.#object.closed) return false;
    try {
      using process = openProcess(this.pid);
      return closeHandleIn(process, this.value, this.#object);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    } finally {
      this.#object.close();
    }
  }

  /** Lets go of what is needed to revoke it; the other process keeps its handle. */
  close(): void {
    this.#object.close();
  }

  /** Lets go of it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

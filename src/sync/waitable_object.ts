/**
 * Objects that Windows can wait for.
 *
 * @module
 */

import { type Handle, Uncloneable } from "../../ffi/handle.ts";

/** Anything with a handle that Windows can wait for, such as a `SharedEvent` or a child process. */
export interface Waitable {
  /** **UNSAFE**: the handle's value. */
  readonly unsafeHandle: bigint;
}

/**
 * A use of an object's handle. The handle stays open until the lease is disposed of, even if the
 * object is closed before.
 */
export interface Lease extends Disposable {
  /** The handle, which must not be closed by the user of the lease. */
  readonly handle: Handle;
  /** Whether a wait for the object keeps the process alive. */
  readonly held: boolean;
}

/** The callbacks of a user of an object's handle. */
export interface Tenant {
  /** Called when the object is closed. The wait must then end with this error. */
  onClose?: ((error: Error) => void) | undefined;
  /** Called by `ref()` and `unref()`: whether the wait must keep the process alive. */
  onHold?: (held: boolean) => void;
}

/** Throws `Deno.errors.BadResource` if an object is closed. */
export let assertOpen: (object: WaitableObject) => void;

let lendOf: (object: WaitableObject, tenant: Tenant) => Lease;

/**
 * An object with a handle that Windows can wait for.
 *
 * Closing the object ends the waits for it with `Deno.errors.BadResource`.
 *
 * @example Close an object while a task waits for it
 * ```ts
 * import { SharedEvent, type WaitableObject } from "@winipc/winipc/sync";
 * import { assert, assertRejects } from "@std/assert";
 *
 * const event = SharedEvent.anonymous();
 * const object: WaitableObject = event;
 * const wait = event.wait();
 * object.close();
 * assert(object.closed);
 * await assertRejects(() => wait, Deno.errors.BadResource);
 * ```
 */
export abstract class WaitableObject extends Uncloneable implements Disposable, Waitable {
  readonly #handle: Handle;
  readonly #tenants = new Set<Tenant>();
  #held = true;
  #closed = false;

  static {
    assertOpen = (object) => object.#assertOpen();
    lendOf = (object, tenant) => object.#lend(tenant);
  }

  /** Takes over a handle: closing this object closes it. */
  constructor(handle: Handle) {
    super();
    this.#handle = handle;
  }

  /** Whether the object is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * **UNSAFE**: the value of the object's handle, for Win32 calls of your own. Closing this object
   * closes the handle.
   *
   * @throws {Deno.errors.BadResource} If the object is closed.
   */
  get unsafeHandle(): bigint {
    this.#assertOpen();
    return this.#handle.value;
  }

  /** Makes a wait for this object keep the process alive, as it does by default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end during a wait for this object. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the handle. The kernel object exists for as long as any handle to it is open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#tenants.size === 0) return this.#handle.close();
    const { kind } = this.#handle;
    const error = new Deno.errors.BadResource(`The ${kind} was closed while it was waited for`);
    for (const tenant of this.#tenants) tenant.onClose?.(error);
  }

  /** Closes the object at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#handle.kind} is closed`);
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const tenant of this.#tenants) tenant.onHold?.(held);
  }

  /** Lends the handle. After a close, the handle is closed with the last lease. */
  #lend(tenant: Tenant): Lease {
    this.#assertOpen();
    this.#tenants.add(tenant);
    return {
      handle: this.#handle,
      held: this.#held,
      [Symbol.dispose]: () => {
        if (this.#tenants.delete(tenant) && this.#closed && this.#tenants.size === 0) {
          this.#handle.close();
        }
      },
    };
  }
}

/**
 * Lends the handle of an object. The handle stays open until the lease is disposed of, even if the
 * object is closed before.
 *
 * @throws {Deno.errors.BadResource} If the object is closed.
 */
export function lend(object: WaitableObject, tenant: Tenant): Lease {
  return lendOf(object, tenant);
}

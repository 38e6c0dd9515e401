/**
 * What can be waited for, and how long its handle is needed.
 *
 * @module
 */

import { type Handle, Uncloneable } from "../../ffi/handle.ts";

/** Anything with a handle that can be waited for: the objects of this module, and child processes. */
export interface Waitable {
  /** **UNSAFE**: the handle. */
  readonly unsafeHandle: bigint;
}

/** A handle that is used for a while; it is closed later than the object if need be. */
export interface Lease extends Disposable {
  /** The handle. */
  readonly handle: Handle;
  /** Whether the process is to live for as long as the object is waited for. */
  readonly held: boolean;
}

/** Who uses the handle of an object, and wants to know when that changes. */
export interface Tenant {
  /** The object was closed, so that nobody is to wait for it any longer. */
  onClose?: (error: Error) => void;
  /** Whether the process is to live for as long as the wait lasts has changed. */
  onHold?: (held: boolean) => void;
}

/** Throws `Deno.errors.BadResource` if an object is closed. */
export let assertOpen: (object: WaitableObject) => void;

let lendOf: (object: WaitableObject, tenant: Tenant) => Lease;

/**
 * An object with a handle that can be waited for.
 *
 * When it is closed, waits for it are over with `Deno.errors.BadResource`.
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

  /**
   * Takes a handle over.
   *
   * @param handle The handle.
   */
  constructor(handle: Handle) {
    super();
    this.#handle = handle;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * **UNSAFE**: the object's handle, for a Win32 call of one's own. It is closed
   * with this object.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get unsafeHandle(): bigint {
    this.#assertOpen();
    return this.#handle.value;
  }

  /** Makes the process live for as long as something waits for this object, as it is at first. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while something waits for this object. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the handle; the object lives on while another handle is open. */
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

  /** Whoever still waits when the object is closed uses the handle until that is over. */
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
 * Keeps an object's handle open, also beyond the object's own end, until the lease is disposed of.
 *
 * @param object The object.
 * @param tenant Who uses it.
 * @throws {Deno.errors.BadResource} If it is closed.
 */
export function lend(object: WaitableObject, tenant: Tenant): Lease {
  return lendOf(object, tenant);
}

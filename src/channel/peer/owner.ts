/**
 * The owner of a place: its id in shared memory, and a watch that notices its end.
 *
 * An owner's id has 64 bits, so that a place is taken in one atomic step. The lower half is a
 * process id, or a thread id plus 1. (Windows takes both ids from one table, in multiples of 4.)
 * The upper half is the time when the process or thread was started: its FILETIME in milliseconds,
 * modulo 2³². By this time, an owner differs from a later process or thread with the same id.
 *
 * @module
 */

import {
  openProcess,
  openThread,
  startOf,
  type ThreadIdentity,
  threadStartOf,
} from "../../../ffi/process_thread.ts";
import type { Handle } from "../../../ffi/handle.ts";
import { blockOn } from "../../../ffi/kernel_object.ts";
import { waitForOne } from "../../sync/single_wait.ts";
import { WaitableObject } from "../../sync/waitable_object.ts";

/** A FILETIME counts units of 100 nanoseconds. */
const UNITS_PER_MILLISECOND = 10_000n;
const LOW_HALF = 0xffff_ffffn;
/** The bit of the lower half that is set if the owner is a thread. */
export const THREAD = 1;

/** Returns the owner's id of a process that was started at a FILETIME. */
export function processOwner(pid: number, start: bigint): bigint {
  return halves(start, BigInt(pid));
}

/** Returns the owner's id of a thread. */
export function threadOwner({ id, start }: ThreadIdentity): bigint {
  return halves(start, BigInt(id | THREAD));
}

/** Returns the process or thread of an owner's id. */
export function readOwner(owner: bigint): { kind: "process" | "thread"; id: number } {
  const id = Number(owner & LOW_HALF);
  return id % 2 === THREAD ? { kind: "thread", id: id - THREAD } : { kind: "process", id };
}

/** Returns an owner's name for error messages: `process 1234`. */
export function describeOwner(owner: bigint): string {
  const { kind, id } = readOwner(owner);
  return `${kind} ${id}`;
}

function halves(start: bigint, id: bigint): bigint {
  return ((start / UNITS_PER_MILLISECOND) & LOW_HALF) << 32n | id;
}

/** A process or a thread that owns a place, to wait until it ends. */
export class OwnerWatch extends WaitableObject {
  readonly #handle: Handle;

  private constructor(handle: Handle) {
    super(handle);
    this.#handle = handle;
  }

  /**
   * Opens the owner of a place, to wait for its end.
   *
   * @param owner The 64-bit id in the place.
   * @returns `"ended"` if the owner has ended, `"hidden"` if this user cannot wait for it.
   */
  static open(owner: bigint): OwnerWatch | "ended" | "hidden" {
    let handle: Handle | undefined;
    try {
      handle = openOwner(owner);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "ended";
      if (error instanceof Deno.errors.PermissionDenied) return "hidden";
      throw error;
    }
    const watch = handle && new OwnerWatch(handle);
    if (watch !== undefined && !watch.hasEnded) return watch;
    watch?.close();
    return "ended";
  }

  /** Whether the process or thread has ended. */
  get hasEnded(): boolean {
    return blockOn(this.#handle, 0) !== undefined;
  }

  /** Waits until the process or thread ends. */
  async wait(): Promise<void> {
    await waitForOne(this, {});
  }
}

/** Opens an owner; `undefined` if a later process or thread has its id now. */
function openOwner(owner: bigint): Handle | undefined {
  const { kind, id } = readOwner(owner);
  using stack = new DisposableStack();
  const handle = stack.use(kind === "thread" ? openThread(id) : openProcess(id, "end"));
  const found = kind === "thread"
    ? threadOwner({ id, start: threadStartOf(handle) })
    : processOwner(id, startOf(handle));
  if (found !== owner) return undefined;
  stack.move();
  return handle;
}

/**
 * The owner of a place: how it is written down, in 64 bits, so that a place is taken in one step; and how its
 * end is noticed.
 *
 * The lower half is a process id, or a thread id and 1. (Windows gives both ids from one table, in
 * multiples of 4.) The upper half is when that process or thread was started, its FILETIME in
 * milliseconds modulo 2³². It tells the owner from a later one that got the same id.
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
import { WaitableObject, waitForOne } from "../../sync/waitable_object.ts";

/** FILETIME counts in units of 100 nanoseconds. */
const UNITS_PER_MILLISECOND = 10_000n;
const LOW_HALF = 0xffff_ffffn;
/** Says in the lower half that the owner is a thread. */
export const THREAD = 1;

/** A process as it is written down. */
export function processOwner(pid: number, start: bigint): bigint {
  return halves(start, BigInt(pid));
}

/** A thread as it is written down. */
export function threadOwner({ id, start }: ThreadIdentity): bigint {
  return halves(start, BigInt(id | THREAD));
}

/** What is written down: the id of a process or of a thread. */
export function readOwner(owner: bigint): { kind: "process" | "thread"; id: number } {
  const id = Number(owner & LOW_HALF);
  return id % 2 === THREAD ? { kind: "thread", id: id - THREAD } : { kind: "process", id };
}

/** The owner for messages: `process 1234`. */
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
   * Opens the owner of a place.
   *
   * @param owner What is written down.
   * @returns `"ended"` if it is not there any more, `"hidden"` if this user may not wait for it.
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

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return blockOn(this.#handle, 0) !== undefined;
  }

  /** Waits until it ends. */
  async wait(): Promise<void> {
    await waitForOne(this, {});
  }
}

/** Opens an owner; `undefined` if its id is another's by now. */
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

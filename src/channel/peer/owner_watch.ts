/**
 * The owner of a place, to notice its end.
 *
 * @module
 */

import type { Handle } from "../../../ffi/handle.ts";
import { openProcess, openThread, startOf, threadStartOf } from "../../../ffi/process_thread.ts";
import { blockOn } from "../../../ffi/object_wait.ts";
import { waitForOne } from "../../sync/single_wait.ts";
import { WaitableObject } from "../../sync/waitable_object.ts";
import { processOwner, readOwner, threadOwner } from "./owner_word.ts";

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

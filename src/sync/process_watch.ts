/**
 * Other processes, to wait until they end.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { exitCodeOf, openProcess, startOf } from "../../ffi/process_thread.ts";
import { blockOn } from "../../ffi/object_wait.ts";
import type { WaitOptions } from "../wait/options.ts";
import { waitForOne } from "./single_wait.ts";
import { assertOpen, WaitableObject } from "./waitable_object.ts";

/**
 * A process that somebody else has started, to wait until it ends.
 *
 * It stands for the one process that had the id when it was opened: while it is open, Windows
 * gives that id to no other.
 *
 * @example
 * ```ts ignore
 * import { ProcessWatch, SharedEvent, waitAny } from "@winipc/winipc/sync";
 *
 * using answer = SharedEvent.open("answer");
 * using process = ProcessWatch.open(1234);
 * const { index } = await waitAny([answer, process]);
 * if (index === 1) throw new Error(`It ended with ${process.exitCode} before it answered`);
 * ```
 */
export class ProcessWatch extends WaitableObject {
  /** Its process id. */
  readonly pid: number;
  readonly #handle: Handle;

  private constructor(pid: number, handle: Handle) {
    super(handle);
    this.pid = pid;
    this.#handle = handle;
  }

  /**
   * Opens a process.
   *
   * @param pid Its process id.
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user may not wait for it.
   * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess}
   */
  static open(pid: number): ProcessWatch {
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    return new ProcessWatch(pid, openProcess(pid, "end"));
  }

  /**
   * Its exit code; `undefined` while it has not ended.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get exitCode(): number | undefined {
    assertOpen(this);
    return blockOn(this.#handle, 0) === undefined ? undefined : exitCodeOf(this.#handle);
  }

  /**
   * When it was started, as a FILETIME: units of 100 nanoseconds since 1601. With its id, that
   * tells it from every other process.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get startTime(): bigint {
    assertOpen(this);
    return startOf(this.#handle);
  }

  /**
   * Waits until the process ends.
   *
   * @param options How long.
   * @returns Its exit code.
   * @throws {Deno.errors.TimedOut} If it did not end in time.
   * @throws {Deno.errors.BadResource} If this object is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    await waitForOne(this, options);
    return exitCodeOf(this.#handle);
  }
}

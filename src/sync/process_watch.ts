/**
 * Processes that this script did not start, to wait for their end.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { blockOn } from "../../ffi/kernel_object.ts";
import { exitCodeOf, openProcess, startOf } from "../../ffi/process_thread.ts";
import type { WaitOptions } from "../wait/options.ts";
import { waitForOne } from "./single_wait.ts";
import { assertOpen, WaitableObject } from "./waitable_object.ts";

/**
 * A process that this script did not start, to wait until it ends.
 *
 * The object belongs to the process that had the id when it was opened. While the object is open,
 * Windows does not give the id to another process.
 *
 * @example Wait for an answer, or for the end of the process that answers
 * ```ts
 * import { ProcessWatch, SharedEvent, waitAny } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * // Here this process answers itself.
 * using answer = SharedEvent.anonymous({ signalled: true });
 * using process = ProcessWatch.open(Deno.pid);
 * const { index } = await waitAny([answer, process], { timeout: 5000 });
 * assertEquals(index, 0, `The process ended with ${process.exitCode} before it answered`);
 * ```
 */
export class ProcessWatch extends WaitableObject {
  /** The process id. */
  readonly pid: number;
  readonly #handle: Handle;

  private constructor(pid: number, handle: Handle) {
    super(handle);
    this.pid = pid;
    this.#handle = handle;
  }

  /**
   * Opens a process by its id.
   *
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user cannot wait for the process.
   * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess}
   */
  static open(pid: number): ProcessWatch {
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    return new ProcessWatch(pid, openProcess(pid, "end"));
  }

  /**
   * The exit code of the process; `undefined` while the process has not ended.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get exitCode(): number | undefined {
    assertOpen(this);
    return blockOn(this.#handle, 0) === undefined ? undefined : exitCodeOf(this.#handle);
  }

  /**
   * The start time of the process as a FILETIME: units of 100 nanoseconds since 1601. The id and
   * the start time together identify a process, because Windows reuses ids.
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
   * @returns The exit code of the process.
   * @throws {Deno.errors.TimedOut} If the process did not end in time.
   * @throws {Deno.errors.BadResource} If this object is closed, also during the wait.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    await waitForOne(this, options);
    return exitCodeOf(this.#handle);
  }
}

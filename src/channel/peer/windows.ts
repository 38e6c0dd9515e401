/**
 * The machine that ends run on outside of tests: Windows.
 *
 * @module
 */

import { interruptTime, inWorker } from "../../../ffi/platform.ts";
import { INFINITE } from "../../../ffi/kernel_object.ts";
import type { Security } from "../../../ffi/security.ts";
import { currentThread, startOf } from "../../../ffi/process_thread.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { SharedEvent } from "../../sync/mod.ts";
import { ParkedWait } from "../../sync/pool_thread_wait.ts";
import { EVENT_LOOP } from "../../wait/event_loop.ts";
import { FlushQueue } from "./flush_queue.ts";
import type { EndEvent, Machine, Parking } from "./machine.ts";
import { OwnerWatch, processOwner, threadOwner } from "./place.ts";

class Windows implements Machine {
  /** Computed once: the owner's id stays the same while the script runs. */
  #self: bigint | undefined;
  readonly eventLoop = EVENT_LOOP;
  readonly flushQueue = new FlushQueue((callback) => void setImmediate(callback));

  get self(): bigint {
    return this.#self ??= inWorker()
      ? threadOwner(currentThread())
      : processOwner(Deno.pid, startOf());
  }

  get processors(): number {
    return navigator.hardwareConcurrency;
  }

  get ticks(): ArrayLike<number> {
    return interruptTime();
  }

  now(): number {
    return performance.now();
  }

  watch(owner: bigint): OwnerWatch | "ended" | "hidden" {
    return OwnerWatch.open(owner);
  }

  createEvent(name: string, options: { security?: Security }): SharedEvent {
    return SharedEvent.create(name, options);
  }

  openEvent(name: string): SharedEvent {
    return SharedEvent.open(name);
  }

  waitMultiple(handles: BigUint64Array<ArrayBuffer>, timeout: number): number {
    const { WaitForMultipleObjectsEx } = kernel32();
    const milliseconds = Math.min(Math.ceil(timeout), INFINITE);
    return WaitForMultipleObjectsEx(handles.length, handles, 0, milliseconds, 0);
  }

  park(event: EndEvent, before: Parking | undefined): Parking | undefined {
    if (!ParkedWait.isPossible || !(event instanceof SharedEvent)) return undefined;
    return before === undefined || before.isStopped ? new ParkedWait(event) : before;
  }
}

/** The machine that all ends of this thread share. */
export const MACHINE: Machine = new Windows();

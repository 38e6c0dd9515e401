/**
 * The machine that ends run on outside of tests: Windows. And the ends of a thread that have
 * something pending, which is published before the thread idles.
 *
 * Ends publish messages in batches. The rest of a batch is published at one of these moments:
 *
 * - before any end of this thread waits, because the peer may need the messages to answer;
 * - soon after the current promise callback, if no end has counted more messages by then;
 * - otherwise at the end of the event-loop turn. That is so for a script that awaits each of its
 *   sends in a loop.
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
import type { EndEvent, Machine, Parking } from "./machine.ts";
import { OwnerWatch, processOwner, threadOwner } from "./place.ts";

/** An end that may have something pending. */
export interface Flushable {
  /** Whether the end is in the queue. Only the queue sets this. */
  isQueued: boolean;
  /** Whether the peer may wait for it now. Room is not urgent: only a full ring needs it. */
  readonly isUrgent: boolean;
  /** The number of messages that were committed or taken until now. */
  readonly count: number;
  /** Publishes all that is pending. */
  flush(): void;
}

const DONE: Promise<void> = Promise.resolve();

/** The ends of a script that have something pending. */
export class FlushQueue {
  readonly #immediate: (callback: () => void) => void;
  #queue: Flushable[] = [];
  /** The count of each end in the queue at the moment when it was added. */
  #before: number[] = [];

  /** @param immediate Calls a function in the next event-loop turn. */
  constructor(immediate: (callback: () => void) => void) {
    this.#immediate = immediate;
  }

  /** Whether no end is in the queue. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Adds an end, which is flushed soon and then leaves the queue. */
  add(flushable: Flushable): void {
    // Most messages need only this line. It is so short that V8 inlines it.
    if (!flushable.isQueued) this.#put(flushable);
  }

  /** Publishes all pending messages now. The ends stay in the queue. */
  flushUrgent(): void {
    for (let index = 0; index < this.#queue.length; index++) {
      if (this.#queue[index]!.isUrgent) this.#queue[index]!.flush();
    }
  }

  /** Publishes all pending messages and all free room now. The ends stay in the queue. */
  flushAll(): void {
    for (let index = 0; index < this.#queue.length; index++) this.#queue[index]!.flush();
  }

  #put(flushable: Flushable): void {
    flushable.isQueued = true;
    // Two promises in a row, so that a script that awaits its first send goes on before this.
    if (this.#queue.length === 0) void DONE.then(() => DONE.then(() => this.#settle()));
    this.#queue.push(flushable);
    this.#before.push(flushable.count);
  }

  /** Publishes now, or at the end of the event-loop turn if an end has counted more messages. */
  #settle(): void {
    if (this.#queue.some(({ count }, index) => count !== this.#before[index])) {
      this.#immediate(() => this.#empty());
    } else {
      this.#empty();
    }
  }

  #empty(): void {
    const due = this.#queue;
    [this.#queue, this.#before] = [[], []];
    for (const flushable of due) {
      flushable.isQueued = false;
      flushable.flush(); // guard: end-of-turn
    }
  }
}

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

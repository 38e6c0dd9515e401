/**
 * One operation at a time on a file: a read, a write, or a wait for a client of a named pipe.
 *
 * A wait for the end of an operation can be stopped, and the operation then goes on. The next wait
 * finds its result. So a wait that is stopped loses no bytes.
 *
 * A wait happens in one of these ways:
 *
 * - If the last three waits took less than 1 ms each, the thread first blocks for up to 1 ms. The
 *   event loop would need several times as long to fall asleep and wake up. A thread that has
 *   already blocked for 1 ms in this event-loop turn lets the next turn begin before that.
 * - If the last wait was short, a thread of Deno's pool waits (see pool_thread_wait.ts), at most
 *   100 ms. So an idle file uses no thread of the pool.
 * - After that, or if no such thread is free, a registered wait of the system.
 *
 * @module
 */

import { Handle } from "../../ffi/handle.ts";
import { blockOn, createEvent } from "../../ffi/kernel_object.ts";
import { OverlappedOperation } from "../../ffi/file.ts";
import { ParkedWait } from "../sync/pool_thread_wait.ts";
import { beginWait } from "../sync/single_wait.ts";
import { lend, type Tenant, WaitableObject } from "../sync/waitable_object.ts";
import { EVENT_LOOP, PATIENCE, ShortWaits } from "../wait/event_loop.ts";
import { Cancellation, deadlineAfter, timeLeft, type WaitOptions } from "../wait/options.ts";

/** Minimum size of the memory for a write or a message, in bytes. */
const MIN_ROOM = 65_536;
/** Maximum size of the memory that is kept for the next operation, in bytes. */
export const MAX_ROOM: number = 2 ** 20;

/** Maximum time that a thread of Deno's pool waits for an operation, in milliseconds. */
const MAX_PARKED = 100;

/** The event that Windows sets when an operation is over. */
class DoneEvent extends WaitableObject {}

/** The expectations of a {@linkcode FileOperation}. */
export interface FileOperationOptions {
  /**
   * Whether the first wait is expected to be short. Otherwise no thread of Deno's pool waits.
   *
   * @default true
   */
  isInUse?: boolean;
}

/** An operation on a file, and the waits for its end. */
export class FileOperation extends OverlappedOperation {
  readonly #done: Handle;
  readonly #event: DoneEvent;
  /** The last wait on a pool thread, which the next one uses again. */
  #parked: ParkedWait | undefined;
  /** The earlier waits for operations. */
  readonly #shortWaits = new ShortWaits();
  /** Whether the last wait took less than {@linkcode MAX_PARKED}. */
  #isInUse: boolean;
  #isHeld = true;
  /** The wait that goes on, or the last one. */
  #sleeping: Promise<void> | undefined;

  /**
   * Prepares operations on a file; none begins yet.
   *
   * @param file The file. It must stay open until this object is closed.
   */
  constructor(file: Handle, { isInUse = true }: FileOperationOptions = {}) {
    // Errors of waits name the file, not its event.
    const done = new Handle(createEvent(file.kind, true).release(), file.kind);
    super(file, done);
    this.#done = done;
    this.#event = new DoneEvent(done);
    this.#isInUse = isInUse;
  }

  /**
   * Makes room for at least `length` bytes. Memory that is kept for further operations has a power
   * of two as its size.
   */
  makeRoom(length: number): void {
    let room = Math.max(this.data.length, MIN_ROOM);
    while (room < length) room *= 2;
    this.reserve(length > MAX_ROOM ? length : room);
  }

  /** Gives memory back that only a long operation needed. */
  trim(): void {
    if (this.data.length > MAX_ROOM) this.reserve(MIN_ROOM);
  }

  /**
   * Waits until the operation in flight is over. Only one task can wait at a time.
   *
   * @returns Whether the operation was over in time. Otherwise it goes on.
   * @throws The reason of the signal, if the signal stops the wait.
   * @throws {Deno.errors.BadResource} If this object is closed during the wait.
   */
  async untilOver({ timeout = Infinity, signal }: WaitOptions): Promise<boolean> {
    if (!this.isInFlight) return true;
    if (timeout === 0) return false;
    const began = performance.now();
    const deadline = deadlineAfter(timeout);
    if (this.#shortWaits.areExpected && !this.#blockBriefly()) {
      await EVENT_LOOP.turn();
      signal?.throwIfAborted();
      if (this.isInFlight) this.#blockBriefly();
    }
    while (this.isInFlight) {
      // Nothing listens for the signal between two ways of waiting.
      signal?.throwIfAborted();
      const left = Math.ceil(timeLeft(deadline));
      if (left === 0) return false;
      this.#sleeping = this.#sleep({ timeout: left, ...(signal && { signal }) });
      await this.#sleeping;
    }
    const took = performance.now() - began;
    this.#shortWaits.note(took);
    this.#isInUse = took < MAX_PARKED;
    return true;
  }

  /**
   * Sets whether a wait keeps the process alive.
   *
   * A thread of Deno's pool that waits always keeps it alive. So `hold(false)` ends such a wait.
   */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) return this.#event.ref();
    this.#event.unref();
    this.#unpark();
  }

  /** Cancels the operation in flight, if there is one, and ends the wait for it. */
  override close(): void {
    super.close();
    this.#event.close();
    this.#unpark();
  }

  /** Resolves when no thread waits for this object any more, after `close()`. */
  async left(): Promise<void> {
    await this.#sleeping?.catch(() => {});
  }

  /** Blocks for up to 1 ms. Returns whether the event-loop turn allowed that. */
  #blockBriefly(): boolean {
    return EVENT_LOOP.blockBriefly(() => blockOn(this.#done, PATIENCE) ?? "late") !== undefined;
  }

  /** Waits until the operation is over, the time is over or the way to wait changes. */
  async #sleep({ timeout = Infinity, signal }: WaitOptions): Promise<void> {
    const parked = this.#isInUse && this.#isHeld ? this.#park() : undefined;
    if (parked === undefined) return await this.#register({ timeout, ...(signal && { signal }) });
    const isOver = await parked.wait({
      timeout: Math.min(timeout, MAX_PARKED),
      ...(signal && { signal }),
    });
    if (!isOver) this.#isInUse = false;
  }

  #park(): ParkedWait | undefined {
    if (!ParkedWait.isPossible) return undefined;
    if (this.#parked === undefined || this.#parked.isStopped) {
      this.#parked = new ParkedWait(this.#event);
    }
    return this.#parked;
  }

  #unpark(): void {
    this.#parked?.stop();
    this.#parked = undefined;
  }

  async #register({ timeout = Infinity, signal }: WaitOptions): Promise<void> {
    const tenant: Tenant = {};
    using lease = lend(this.#event, tenant);
    const wait = beginWait(lease.handle, { held: lease.held });
    const end = Promise.withResolvers<void>();
    tenant.onClose = end.reject;
    tenant.onHold = (held) => wait.hold(held);
    using cancellation = new Cancellation({
      timeout,
      onTimeout: end.resolve,
      signal,
      onAbort: end.reject,
    });
    // The registered wait keeps the process alive, unless it must not.
    cancellation.unref();
    try {
      await Promise.race([wait.over, end.promise]);
    } finally {
      wait.stop(new Error("The wait was stopped"));
      // The lease ends when no thread uses the handle any more.
      await wait.over.catch(() => {});
    }
  }
}

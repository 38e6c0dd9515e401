/**
 * Reader-writer locks in shared memory, as fields of structs: one writer, or up to 32 readers.
 *
 * | word     | name     | meaning                                                           |
 * | -------: | -------- | ----------------------------------------------------------------- |
 * |      0–7 | gate     | a lock: see word.ts                                               |
 * |        8 | writing  | 1 while a writer has the lock, and after this writer's death      |
 * |        9 | sleeping | 1 while the holder of the gate sleeps until a reader leaves       |
 * |    12–14 | places   | the process id, start time and thread id of the first reader      |
 * | 15 – 107 |          | the same for 31 further readers                                   |
 *
 * A writer takes the gate, waits until no place has a live reader, and stores 1 into `writing`. It
 * keeps the gate, so no reader comes in between: readers do not starve a writer. To release the
 * lock, the writer stores 0 into `writing`, and releases the gate.
 *
 * A reader takes a free place by a compare-and-swap, and then looks at the gate. If the gate is
 * free, the reader has the lock. Otherwise it leaves its place, waits for the gate as a writer does,
 * takes a place while it has the gate, and releases the gate. So writers do not starve a reader.
 *
 * A dead reader's place is free again as soon as a writer, or a reader without a place, looks at it.
 * A dead writer leaves 1 in `writing`. Then the lock is abandoned for all readers, and for the next
 * writer, which ends this state when it releases the lock.
 *
 * @module
 */

import { assertOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { IS_X64 } from "../../../ffi/platform.ts";
import type { CType } from "../../struct/ctype.ts";
import { assertWritable, inspectLive, isReadOnly } from "../../struct/field_view.ts";
import { EVENT_LOOP } from "../../wait/event_loop.ts";
import { deadlineAfter, timeLeft, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { WAIT_SYNC_CHECKS, type WaitSyncOptions } from "../single_wait.ts";
import { type HeldLock, heldOver, LockQueue, lockType, wordsAt, wouldBlock } from "./lock.ts";
import {
  HELD,
  type LockSystem,
  type LockWait,
  LockWord,
  MAX_SLEEP,
  SYSTEM,
  unmapped,
} from "./word.ts";

/** Maximum number of readers at a time, in all processes. */
export const MAX_READERS = 32;

const WRITING = 8;
const SLEEPING = 9;
const PLACES = 12;
/** The words of a place. */
const PROCESS = 0;
const START = 1;
const THREAD = 2;
const PLACE_WORDS = 3;
/** The length of a reader-writer lock in bytes. */
export const READ_WRITE_LOCK_LENGTH: number = 4 * (PLACES + MAX_READERS * PLACE_WORDS);

/** The result of an attempt to take a place if all of them are taken. */
const NO_PLACE = -1;

/** A reader-writer lock in memory, as one thread uses it. */
export class ReadWriteWords {
  /** The lock that a writer keeps, and that readers need only if it is not free. */
  readonly gate: LockWord;
  readonly #words: Int32Array;
  readonly #system: LockSystem;
  /** The place that this thread tries first. */
  #last = 0;

  constructor(words: Int32Array, system: LockSystem = SYSTEM) {
    this.gate = new LockWord(words, system);
    this.#words = words;
    this.#system = system;
  }

  /** The number of places that readers have. Some of these readers can have died. */
  get readers(): number {
    let count = 0;
    for (let place = 0; place < MAX_READERS; place++) {
      if (Atomics.load(this.#words, wordOf(place)) !== 0) count++;
    }
    return count;
  }

  /** Whether a writer has died. Only a reader or a writer that has the lock can know. */
  get isAbandoned(): boolean {
    return Atomics.load(this.#words, WRITING) !== 0;
  }

  /** Takes the lock for reading if it is free. Returns the place; negative if it is not free. */
  tryRead(): number {
    if (this.gate.holder === undefined) {
      const place = this.#takePlace();
      if (place === NO_PLACE) return NO_PLACE;
      if (this.gate.holder === undefined) return place; // guard: gate-again
      this.endRead(place);
    }
    if (this.gate.takeFree() || this.gate.tryTake() !== HELD) {
      try {
        return this.#takePlace();
      } finally {
        this.gate.release();
      }
    }
    return NO_PLACE;
  }

  /** Waits for the lock, and takes it for reading. Returns the place. */
  async read(wait: LockWait): Promise<number> {
    await this.gate.acquire(wait);
    try {
      let place = NO_PLACE;
      await this.#untilLeft(wait, () => (place = this.#takePlace()) !== NO_PLACE);
      return place;
    } finally {
      this.gate.release();
    }
  }

  /** Blocks the thread until the lock is free, and takes it for reading. Returns the place. */
  readSync(wait: LockWait): number {
    this.gate.acquireSync(wait);
    try {
      let place = NO_PLACE;
      this.#untilLeftSync(wait, () => (place = this.#takePlace()) !== NO_PLACE);
      return place;
    } finally {
      this.gate.release();
    }
  }

  /** Leaves a place, and wakes the thread that waits for that. */
  endRead(place: number): void {
    const words = this.#words;
    if (words.length === 0) throw unmapped();
    const at = wordOf(place);
    const { process } = this.#system.self;
    // From here on without a call, which could be the end of a Worker: see word.ts.
    words[at + START] = 0;
    Atomics.compareExchange(words, at, process, 0);
    if (Atomics.load(words, SLEEPING) === 0) return;
    if (Atomics.exchange(words, SLEEPING, 0) !== 0) { // guard: wake-writer
      this.#system.setEvent(this.gate.eventName("readers"));
    }
  }

  /** Takes the lock for writing if it is free. Returns whether it was abandoned. */
  tryWrite(): boolean | undefined {
    if (!this.gate.takeFree() && this.gate.tryTake() === HELD) return undefined;
    if (this.#hasNoReaders()) return this.#beginWrite();
    this.gate.release();
    return undefined;
  }

  /** Waits for the lock, and takes it for writing. Returns whether it was abandoned. */
  async write(wait: LockWait): Promise<boolean> {
    await this.gate.acquire(wait);
    try {
      await this.#untilLeft(wait, () => this.#hasNoReaders());
    } catch (error) {
      this.gate.release();
      throw error;
    }
    return this.#beginWrite();
  }

  /** Blocks the thread until the lock is free. Then it does the same as `write()`. */
  writeSync(wait: LockWait): boolean {
    this.gate.acquireSync(wait);
    try {
      this.#untilLeftSync(wait, () => this.#hasNoReaders());
    } catch (error) {
      this.gate.release();
      throw error;
    }
    return this.#beginWrite();
  }

  /** Releases the lock, which this thread has for writing. */
  endWrite(): void {
    if (this.#words.length === 0) throw unmapped();
    Atomics.store(this.#words, WRITING, 0);
    this.gate.release();
  }

  #beginWrite(): boolean {
    return Atomics.exchange(this.#words, WRITING, 1) !== 0; // guard: writing
  }

  async #untilLeft(wait: LockWait, look: () => boolean): Promise<void> {
    if (look()) return;
    const { deadline, signal } = wait;
    using event = this.#system.openEvent(this.gate.eventName("readers"));
    for (;;) {
      Atomics.store(this.#words, SLEEPING, 1); // guard: sleeping
      if (look()) return;
      const left = timeLeft(deadline, this.#system);
      if (left <= 0) throw this.#timedOut(wait);
      const timeout = Math.ceil(Math.min(left, MAX_SLEEP));
      await event.sleep({ timeout, ...(signal ? { signal } : {}) });
      signal?.throwIfAborted();
    }
  }

  #untilLeftSync(wait: LockWait, look: () => boolean): void {
    if (look()) return;
    if (this.#isReading()) throw wouldBlock(wait.label);
    using event = this.#system.openEvent(this.gate.eventName("readers"));
    for (;;) {
      Atomics.store(this.#words, SLEEPING, 1);
      if (look()) return;
      const left = timeLeft(wait.deadline, this.#system);
      if (left <= 0) throw this.#timedOut(wait);
      event.sleepSync(Math.ceil(Math.min(left, MAX_SLEEP)));
    }
  }

  #timedOut({ label, timeout }: LockWait): Error {
    const { readers } = this;
    const who = readers === 1 ? "1 reader has it" : `${readers} readers have it`;
    const own = this.#isReading() ? " (a task of this thread reads)" : "";
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for ${label}: ${who}${own}`);
  }

  /** Takes a place that is free, or whose reader has died. */
  #takePlace(): number {
    const place = this.#takeFreePlace();
    if (place !== NO_PLACE) return place;
    for (let place = 0; place < MAX_READERS; place++) this.#isFree(place);
    return this.#takeFreePlace();
  }

  #takeFreePlace(): number {
    const words = this.#words;
    const { process, thread, start } = this.#system.self;
    for (let count = 0; count < MAX_READERS; count++) {
      const place = (this.#last + count) % MAX_READERS;
      const at = wordOf(place);
      if (Atomics.load(words, at) !== 0) continue;
      if (Atomics.compareExchange(words, at, 0, process) !== 0) continue;
      words[at + THREAD] = thread;
      // For the reason, see word.ts.
      if (IS_X64) words[at + START] = start;
      else Atomics.store(words, at + START, start);
      this.#last = place;
      return place;
    }
    return NO_PLACE;
  }

  #hasNoReaders(): boolean {
    for (let place = 0; place < MAX_READERS; place++) {
      if (!this.#isFree(place)) return false; // guard: all-places
    }
    return true;
  }

  /** Whether a place has no reader. Frees the place of a reader that has died. */
  #isFree(place: number): boolean {
    const words = this.#words;
    const at = wordOf(place);
    if (Atomics.load(words, at) === 0) return true;
    const before = this.#reader(at);
    if (before.process === 0) return true;
    const { self } = this.#system;
    if (before.thread === self.thread && before.start === self.start) return false;
    if (!this.#system.hasEnded(before)) return false; // guard: only-dead-readers
    const after = this.#reader(at);
    const isSame = after.process === before.process && after.start === before.start &&
      after.thread === before.thread;
    if (!isSame) return false;
    // Of several threads, only one frees the place. The others could free that of its next reader.
    const { start } = before;
    if (Atomics.compareExchange(words, at + START, start, 0) !== start) return false;
    return Atomics.compareExchange(words, at, before.process, 0) === before.process;
  }

  /** Whether a task of this thread has the lock for reading. */
  #isReading(): boolean {
    const { thread, start } = this.#system.self;
    for (let place = 0; place < MAX_READERS; place++) {
      const reader = this.#reader(wordOf(place));
      if (reader.process !== 0 && reader.thread === thread && reader.start === start) return true;
    }
    return false;
  }

  #reader(at: number): { process: number; start: number; thread: number } {
    const start = Atomics.load(this.#words, at + START);
    const thread = Atomics.load(this.#words, at + THREAD);
    return { process: Atomics.load(this.#words, at + PROCESS), start, thread };
  }
}

function wordOf(place: number): number {
  return PLACES + place * PLACE_WORDS;
}

/** Creates the lock at an offset of some memory. */
let lockAt: (data: DataView, offset: number, where: string) => SharedReadWriteLock;

/**
 * A lock in shared memory that many tasks can hold to read, or one task to write. It is the field of
 * a struct: see {@linkcode sharedReadWriteLock}.
 *
 * Up to 32 readers of all processes can hold the lock at a time. More readers wait. While a writer
 * waits, no new reader gets the lock, so that the writer's turn comes.
 *
 * If a reader's process or Worker ends, the lock is free of that reader, because it has changed
 * nothing. If a writer's process or Worker ends, the lock is `abandoned` for all readers and for the
 * next writer. This ends when that writer releases the lock.
 *
 * @example Many readers, one writer
 * ```ts
 * import { struct } from "@winipc/winipc/struct";
 * import { sharedReadWriteLock } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * const Prices = struct({ lock: sharedReadWriteLock, bid: "f64", ask: "f64" });
 * const prices = Prices.view(new ArrayBuffer(Prices.byteLength));
 * {
 *   using held = await prices.lock.lockWrite({ timeout: 5000 });
 *   if (held.abandoned) console.log("The last writer died: write all fields");
 *   prices.bid = 1.25;
 *   prices.ask = 1.5;
 * }
 * {
 *   using one = await prices.lock.lockRead({ timeout: 5000 });
 *   using two = prices.lock.tryLockRead();
 *   assertEquals([one.abandoned, two?.abandoned, prices.bid], [false, false, 1.25]);
 *   assertEquals(prices.lock.tryLockWrite(), undefined);
 * }
 * ```
 */
export class SharedReadWriteLock extends Uncloneable {
  readonly #words: ReadWriteWords;
  readonly #name: string;
  readonly #buffer: ArrayBufferLike;
  readonly #isWritable: boolean;
  readonly #tasks = new LockQueue();
  readonly #endRead: (place: number) => void;
  readonly #endWrite: () => void;

  static {
    lockAt = (...args) => new SharedReadWriteLock(...args);
  }

  private constructor(data: DataView, offset: number, where: string) {
    super();
    const words = wordsAt(data, offset, { length: READ_WRITE_LOCK_LENGTH, where });
    this.#words = new ReadWriteWords(words);
    this.#name = where;
    this.#buffer = data.buffer;
    this.#isWritable = !isReadOnly(data.buffer);
    this.#endRead = (place) => this.#words.endRead(place);
    this.#endWrite = () => this.#words.endWrite();
  }

  /**
   * The process id of the writer, or of the task that waits to be the writer; `undefined` if there
   * is none. It can change at any time.
   *
   * @throws {TypeError} If the memory is unmapped.
   */
  get writer(): number | undefined {
    return this.#words.gate.holder;
  }

  /**
   * The number of readers. Readers that have died can be among them. It can change at any time.
   *
   * @throws {TypeError} If the memory is unmapped.
   */
  get readers(): number {
    return this.#words.readers;
  }

  /**
   * Takes the lock for reading if no writer has it or waits for it.
   *
   * @returns The lock; `undefined` if it is not free, or a task of this script waits for it.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  tryLockRead(): HeldLock<SharedReadWriteLock> | undefined {
    this.#assertUsable();
    if (!this.#tasks.isEmpty) return undefined;
    const place = this.#words.tryRead();
    return place < 0 ? undefined : this.#reading(place);
  }

  /**
   * Takes the lock for writing if it is free now.
   *
   * @returns The lock; `undefined` if it is not free, or a task of this script waits for it.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  tryLockWrite(): HeldLock<SharedReadWriteLock> | undefined {
    this.#assertUsable();
    if (!this.#tasks.isEmpty) return undefined;
    const abandoned = this.#words.tryWrite();
    return abandoned === undefined ? undefined : heldOver(this, abandoned, this.#endWrite);
  }

  /**
   * Waits until no writer has the lock, and takes it for reading. The event loop keeps running.
   *
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, also during the wait, or mapped read-only.
   * @throws {Deno.errors.BadResource} If the memory is unmapped while the task waits for readers. No
   *   other task gets the lock then until this thread ends.
   */
  async lockRead(options: WaitOptions = {}): Promise<HeldLock<SharedReadWriteLock>> {
    if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
    const wait = this.#waitOf(options);
    return this.tryLockRead() ??
      this.#reading(await this.#inTurn(() => this.#words.read(wait), options));
  }

  /**
   * Waits until the lock is free, and takes it for writing. The event loop keeps running.
   *
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, also during the wait, or mapped read-only.
   * @throws {Deno.errors.BadResource} If the memory is unmapped while the task waits for readers. No
   *   other task gets the lock then until this thread ends.
   */
  async lockWrite(options: WaitOptions = {}): Promise<HeldLock<SharedReadWriteLock>> {
    if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
    const wait = this.#waitOf(options);
    const held = this.tryLockWrite();
    if (held !== undefined) return held;
    const abandoned = await this.#inTurn(() => this.#words.write(wait), options);
    return heldOver(this, abandoned, this.#endWrite);
  }

  /**
   * Waits until no writer has the lock, and takes it for reading. Blocks the calling thread.
   *
   * @throws {Deno.errors.WouldBlock} If a task of this thread holds the lock for writing, or waits to
   *   do so. Or if all 32 places are taken, and a task of this thread has one of them.
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  lockReadSync(options: WaitSyncOptions = {}): HeldLock<SharedReadWriteLock> {
    const wait = this.#syncWaitOf(options);
    return this.tryLockRead() ?? this.#reading(this.#words.readSync(this.#assertNotOwn(wait)));
  }

  /**
   * Waits until the lock is free, and takes it for writing. Blocks the calling thread.
   *
   * @throws {Deno.errors.WouldBlock} If a task of this thread holds the lock.
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  lockWriteSync(options: WaitSyncOptions = {}): HeldLock<SharedReadWriteLock> {
    const wait = this.#syncWaitOf(options);
    return this.tryLockWrite() ??
      heldOver(this, this.#words.writeSync(this.#assertNotOwn(wait)), this.#endWrite);
  }

  /** Returns the text that `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    const state = () => ({ writer: this.writer, readers: this.readers });
    return `SharedReadWriteLock ${inspectLive(inspect, state)}`;
  }

  #assertUsable(): void {
    if (!this.#isWritable) assertWritable(this.#name, this.#buffer);
  }

  #waitOf(options: WaitOptions): LockWait {
    assertOptions(options, WAIT_CHECKS);
    const { timeout = Infinity, signal } = options;
    signal?.throwIfAborted();
    return { timeout, deadline: deadlineAfter(timeout), signal, label: this.#label };
  }

  #syncWaitOf(options: WaitSyncOptions): LockWait {
    assertOptions(options, WAIT_SYNC_CHECKS);
    const { timeout = Infinity } = options;
    return { timeout, deadline: deadlineAfter(timeout), label: this.#label };
  }

  #assertNotOwn(wait: LockWait): LockWait {
    if (this.#words.gate.isOwn) throw wouldBlock(wait.label);
    return wait;
  }

  async #inTurn<T>(call: () => Promise<T>, options: WaitOptions): Promise<T> {
    const label = this.#label;
    const late = (timeout: number) => this.#words.gate.timedOut({ timeout, label });
    return await this.#tasks.wait(call, options, late);
  }

  #reading(place: number): HeldLock<SharedReadWriteLock> {
    return heldOver(this, this.#words.isAbandoned, this.#endRead, place);
  }

  get #label(): string {
    return `lock ${JSON.stringify(this.#name)}`;
  }
}

/**
 * The type of a {@linkcode SharedReadWriteLock}, for the fields of `struct()`: 432 bytes. The rules
 * of {@linkcode sharedLock} apply to it, too.
 *
 * @example Declare a lock for C programs
 * ```ts
 * import { struct } from "@winipc/winipc/struct";
 * import { sharedReadWriteLock } from "@winipc/winipc/sync";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const Prices = struct({ lock: sharedReadWriteLock, bid: "f64", ask: "f64" });
 * assertStringIncludes(Prices.toC("Prices"), "winipc_rwlock lock;");
 * ```
 */
export const sharedReadWriteLock: CType<
  undefined,
  SharedReadWriteLock,
  SharedReadWriteLock | undefined
> = lockType({
  signature: "rwlock",
  name: "winipc_rwlock",
  byteLength: READ_WRITE_LOCK_LENGTH,
  live: (data, offset, where) => lockAt(data, offset, where),
});

/**
 * Locks in shared memory, as fields of structs.
 *
 * @module
 */

import { assertOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { CType } from "../../struct/ctype.ts";
import { assertWritable, inspectLive, isReadOnly } from "../../struct/field_view.ts";
import { assertAligned } from "../../struct/target.ts";
import { EVENT_LOOP } from "../../wait/event_loop.ts";
import { deadlineAfter, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import { WAIT_SYNC_CHECKS, type WaitSyncOptions } from "../single_wait.ts";
import { defineLock } from "./c_source.ts";
import { ABANDONED, HELD, LOCK_LENGTH, LockWord, type Taken } from "./word.ts";

/** Creates a held lock. `release` gets the number `place` when the lock is released. */
export let heldOver: <L extends object>(
  lock: L,
  abandoned: boolean,
  release: (place: number) => void,
  place?: number,
) => HeldLock<L>;

/**
 * A lock in memory that a task holds, until it is released.
 *
 * @example Release a lock before the end of its block
 * ```ts
 * import { type HeldLock, sharedLock } from "@winipc/winipc/sync";
 * import { struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const State = struct({ lock: sharedLock, count: "u32" });
 * const state = State.view(new ArrayBuffer(State.byteLength));
 * using held: HeldLock = await state.lock.lock({ timeout: 5000 });
 * assertEquals([held.abandoned, held.released], [false, false]);
 *
 * held.release();
 * assertEquals(held.released, true);
 * ```
 *
 * @typeParam L The kind of lock.
 */
// Not an `Uncloneable`: its constructor takes longer than the lock. `lock` refuses the clone.
export class HeldLock<L extends object = SharedLock> implements Disposable {
  /** The lock. */
  readonly lock: L;
  /**
   * Whether a process or a thread ended while it held the lock. Data that the lock protects can then
   * be half-written.
   */
  readonly abandoned: boolean;
  readonly #release: (place: number) => void;
  readonly #place: number;
  #released = false;

  static {
    heldOver = (lock, abandoned, release, place = 0) =>
      new HeldLock(lock, abandoned, release, place);
  }

  private constructor(
    lock: L,
    abandoned: boolean,
    release: (place: number) => void,
    place: number,
  ) {
    this.lock = lock;
    this.abandoned = abandoned;
    this.#release = release;
    this.#place = place;
  }

  /** Whether the lock is released. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * Releases the lock.
   *
   * @throws {Deno.errors.BadResource} If the lock is already released, or its memory was unmapped
   *   before. In unmapped memory the lock stays held until this thread ends.
   */
  release(): void {
    if (this.#released) {
      throw new Deno.errors.BadResource("Cannot release the lock: it is released already");
    }
    this.#released = true;
    this.#release(this.#place);
  }

  /** Releases the lock at the end of a `using` block, unless it is already released. */
  [Symbol.dispose](): void {
    if (!this.#released) this.release();
  }
}

/** The tasks of a script that wait for a lock: only the first of them waits in the system. */
export class LockQueue {
  #queue: Lock | undefined;
  #tasks = 0;

  /** Whether no task waits. */
  get isEmpty(): boolean {
    return this.#tasks === 0;
  }

  /**
   * Waits until all tasks that came before have stopped waiting, and then calls a function.
   *
   * @param late Makes the error of a task whose time is over, from its timeout.
   */
  async wait<T>(
    call: () => Promise<T>,
    options: WaitOptions,
    late: (timeout: number) => Error,
  ): Promise<T> {
    this.#queue ??= new Lock(late);
    this.#tasks++;
    try {
      await this.#queue.acquire(options);
      try {
        return await call();
      } finally {
        this.#queue.release();
      }
    } finally {
      this.#tasks--;
    }
  }
}

/** Creates the lock at an offset of some memory. */
let lockAt: (data: DataView, offset: number, where: string) => SharedLock;

/**
 * A lock in shared memory, which one task of one process holds at a time. It is the field of a
 * struct: see {@linkcode sharedLock}.
 *
 * To take and release a free lock takes about as long as two atomic operations, and needs no call
 * of Windows. A `SharedMutex` needs a call for each lock and each release. If the lock is held, a
 * thread looks at it for some microseconds, and then sleeps until the holder releases it.
 *
 * If the holder's process or Worker ends, the next task gets the lock, and its `abandoned` is true.
 * A task that waits notices the end within 50 ms.
 *
 * @example Let only one process at a time change a struct
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { struct } from "@winipc/winipc/struct";
 * import { sharedLock } from "@winipc/winipc/sync";
 *
 * const State = struct({ lock: sharedLock, count: "u32", sum: "f64" });
 * using memory = SharedMemory.openOrCreate("state", State.byteLength);
 * using view = memory.map();
 * const state = State.view(view);
 * {
 *   using held = await state.lock.lock({ timeout: 10_000 });
 *   if (held.abandoned) console.log("The last holder died: check the data");
 *   state.count++;
 *   state.sum += 1.5;
 * }
 * ```
 */
export class SharedLock extends Uncloneable {
  readonly #word: LockWord;
  readonly #name: string;
  readonly #buffer: ArrayBufferLike;
  readonly #isWritable: boolean;
  readonly #tasks = new LockQueue();
  readonly #release: () => void;

  static {
    lockAt = (...args) => new SharedLock(...args);
  }

  private constructor(data: DataView, offset: number, where: string) {
    super();
    this.#word = new LockWord(wordsAt(data, offset, { length: LOCK_LENGTH, where }));
    this.#name = where;
    this.#buffer = data.buffer;
    this.#isWritable = !isReadOnly(data.buffer);
    this.#release = () => this.#word.release();
  }

  /**
   * The process id of the holder; `undefined` if the lock is free. The holder can change at any
   * time.
   *
   * @throws {TypeError} If the memory is unmapped.
   */
  get holder(): number | undefined {
    return this.#word.holder;
  }

  /**
   * Takes the lock if it is free now, or if its holder has died.
   *
   * To save calls of Windows, it looks for the holder's end at most once in 20 ms.
   *
   * @returns The lock; `undefined` if it is held, or a task of this script waits for it.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  tryLock(): HeldLock | undefined {
    if (!this.#isWritable) assertWritable(this.#name, this.#buffer);
    if (!this.#tasks.isEmpty) return undefined;
    if (this.#word.takeFree()) return heldOver(this, false, this.#release);
    return this.#held(this.#word.tryTake());
  }

  /**
   * Waits until the lock is free, and takes it. The event loop keeps running.
   *
   * The tasks of a script that wait by one `SharedLock` object get the lock in the order in which
   * they called this. Tasks of other processes can come between them.
   *
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, also during the wait, or mapped read-only.
   */
  async lock(options: WaitOptions = {}): Promise<HeldLock> {
    assertOptions(options, WAIT_CHECKS);
    const { timeout = Infinity, signal } = options;
    // A script that takes a free lock again and again must not keep the event loop from running.
    if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
    signal?.throwIfAborted();
    const held = this.tryLock();
    if (held !== undefined) return held;
    const label = this.#label;
    const deadline = deadlineAfter(timeout);
    const taken = await this.#tasks.wait(
      () => this.#word.acquire({ timeout, deadline, signal, label }),
      options,
      (timeout) => this.#word.timedOut({ timeout, label }),
    );
    return heldOver(this, taken === ABANDONED, this.#release);
  }

  /**
   * Waits until the lock is free, and takes it. Blocks the calling thread. This is for Workers and
   * short scripts.
   *
   * @throws {Deno.errors.WouldBlock} If a task of this thread holds the lock: that task cannot
   *   continue while this thread is blocked.
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws {TypeError} If the memory is unmapped, or mapped read-only.
   */
  lockSync(options: WaitSyncOptions = {}): HeldLock {
    assertOptions(options, WAIT_SYNC_CHECKS);
    const { timeout = Infinity } = options;
    const held = this.tryLock();
    if (held !== undefined) return held;
    const label = this.#label;
    if (this.#word.isOwn) throw wouldBlock(label);
    const wait = { timeout, deadline: deadlineAfter(timeout), label };
    return heldOver(this, this.#word.acquireSync(wait) === ABANDONED, this.#release);
  }

  /** Returns the text that `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    return `SharedLock ${inspectLive(inspect, () => ({ holder: this.holder }))}`;
  }

  get #label(): string {
    return `lock ${JSON.stringify(this.#name)}`;
  }

  #held(taken: Taken): HeldLock | undefined {
    return taken === HELD ? undefined : heldOver(this, taken === ABANDONED, this.#release);
  }
}

/**
 * The type of a {@linkcode SharedLock}, for the fields of `struct()`: 32 bytes.
 *
 * Zeroed memory is a free lock, so a new lock needs no preparation. A lock works only at its place
 * in the memory, at a multiple of 4 bytes. It has no value: a copy of a struct has `undefined`
 * instead. Writing a struct leaves its locks as they are. A union, a `LatestValue` and
 * `readConsistent` refuse structs with locks. Do not copy the bytes of a lock.
 *
 * `Layout.toC` declares the lock for C programs, with functions to take and release it.
 *
 * @example Count in several processes, in C, too
 * ```ts
 * import { struct } from "@winipc/winipc/struct";
 * import { sharedLock } from "@winipc/winipc/sync";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const State = struct({ lock: sharedLock, count: "u32" });
 * const state = State.view(new ArrayBuffer(State.byteLength));
 * {
 *   using held = state.lock.tryLock();
 *   assertEquals(state.lock.tryLock(), undefined);
 *   if (held) state.count++;
 * }
 * assertStringIncludes(State.toC("State"), "winipc_lock lock;");
 * ```
 */
export const sharedLock: CType<undefined, SharedLock, SharedLock | undefined> = lockType({
  signature: "lock",
  name: "winipc_lock",
  byteLength: LOCK_LENGTH,
  live: (data, offset, where) => lockAt(data, offset, where),
});

/**
 * Returns the type of a kind of lock. Its input includes locks only so that TypeScript accepts a view
 * of a struct as the input of another struct: such a view is copied without its locks.
 */
export function lockType<L>(
  { name, live, ...rest }: Pick<CType<undefined, L>, "signature" | "byteLength" | "live"> & {
    readonly name: string;
  },
): CType<undefined, L, L | undefined> {
  return {
    ...rest,
    alignment: Int32Array.BYTES_PER_ELEMENT,
    isValue: false,
    isPinned: true,
    c: { declare: (field) => `${name} ${field}`, define: defineLock },
    check(value, where): undefined {
      if (value === undefined) return;
      throw new TypeError(`Cannot write ${where}: a lock has no value; leave the field out`);
    },
    store: () => {},
    load: () => undefined,
    live,
    find: () => undefined,
  };
}

/** Returns the error of a wait that would block the thread for ever. */
export function wouldBlock(label: string): Error {
  return new Deno.errors.WouldBlock(
    `Cannot wait for ${label} on this thread: a task of this thread holds it, and cannot continue ` +
      "while the thread is blocked; await the lock instead",
  );
}

/**
 * Returns the words of a lock.
 *
 * @throws {RangeError} If the lock's offset, or the address of its buffer, is not a multiple of 4.
 */
export function wordsAt(
  data: DataView,
  offset: number,
  { length, where }: { length: number; where: string },
): Int32Array {
  const { buffer } = data;
  const at = data.byteOffset + offset;
  const size = Int32Array.BYTES_PER_ELEMENT;
  assertAligned(`lock ${JSON.stringify(where)}`, { buffer, offset: at, size });
  return new Int32Array(buffer, at, length / size);
}

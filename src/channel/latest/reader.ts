/**
 * The reader of a latest value: reads the newest value, waits for changes, and knows the writer's
 * state.
 *
 * @module
 */

import { assertOptions, oneOf, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { CLOSED, PeerLiveness, type PeerState } from "../peer/place.ts";
import { EndWait } from "../peer/wait.ts";
import type { WakeEvent, WakeOptions } from "../peer/wake.ts";
import { latestLabel, type LatestParts, WRITER } from "./layout.ts";
import { wordsOf } from "../peer/memory.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructValue } from "../../struct/mod.ts";

/** The state of a latest value's writer. {@linkcode LatestReader.writer} explains each state. */
export type WriterState = "alive" | "closed" | "dead" | "none";

/**
 * The behaviour of an iteration whose writer has left or died: it ends, throws or waits.
 * {@linkcode ChangesOptions.whenWriterGone} explains each.
 */
export type WhenWriterGone = "end" | "throw" | "wait";

/** Options for waiting for changes. */
export interface ChangesOptions extends WaitOptions {
  /** Maximum wait for each change, in milliseconds. @default Infinity */
  timeout?: number;
  /**
   * Ends the iteration, which then throws the signal's reason. A signal needs a thread.
   */
  signal?: AbortSignal;
  /**
   * Decides how the iteration goes on after the writer was closed or has died. In each case the
   * iteration first yields the writer's last value.
   *
   * - `"end"`: the iteration ends.
   * - `"throw"`: the iteration ends if the writer was closed. It throws
   *   `Deno.errors.ConnectionReset` if the writer's process or Worker has ended without closing the
   *   writer.
   * - `"wait"`: the iteration waits for the next writer, and goes on with its values.
   *
   * An iteration that begins before the first writer always waits for that writer.
   *
   * @default "end"
   */
  whenWriterGone?: WhenWriterGone;
}

/** An iteration over changes. */
interface Iteration {
  /** The event that wakes the iteration. */
  readonly wakeEvent: WakeEvent;
  /** The waits of the iteration. */
  readonly wait: EndWait;
  /** The number of the value that the iteration yielded last; 0 at first. */
  seen: number;
  /** The result of the last look: a newer value, or the state of the writer. */
  found: "newer" | PeerState;
}

const WHEN_WRITER_GONE: readonly WhenWriterGone[] = ["end", "throw", "wait"];

/** The checks of {@linkcode ChangesOptions}. */
export const CHANGES_CHECKS: OptionChecks<ChangesOptions> = {
  ...WAIT_CHECKS,
  whenWriterGone: oneOf(WHEN_WRITER_GONE),
};

const WAIT_OBJECT_0 = 0;

/** The parts that {@linkcode LatestChanges} uses: of a latest value, or of a latest frame. */
export interface ChangingParts extends Omit<LatestParts, "slots"> {
  /** The newest number, and the slots to copy from. */
  readonly slots: Pick<LatestParts["slots"], "newest" | "copy">;
}

/** Reads the newest value, and waits for changes of it. */
export class LatestChanges implements Disposable {
  readonly #label: string;
  readonly #parts: ChangingParts;
  readonly #options: WakeOptions;
  readonly #writer: PeerLiveness;
  readonly #iterations = new Set<Iteration>();
  #held = true;
  #closed = false;

  /**
   * Begins to watch the writer of a latest value.
   *
   * @param label The label in error messages: `latest value "Local\\x"`.
   * @param options The security of the events that wake this reader.
   */
  constructor(label: string, parts: ChangingParts, options: WakeOptions = {}) {
    this.#label = label;
    this.#parts = parts;
    this.#options = options;
    const ended = () => {
      for (const { wakeEvent: { event } } of this.#iterations) if (!event.closed) event.set();
    };
    this.#writer = new PeerLiveness(parts.header, WRITER, { ended, machine: parts.machine });
  }

  /** Checks the writer's process and returns the state of the writer. */
  checkWriter(): WriterState {
    const process = this.#writer.watch();
    if (process !== undefined && this.#hasEnded(process)) this.#writer.noteDeath();
    if (this.#writer.look() === "dead") return "dead";
    const { words, owners } = this.#parts.header;
    if (Atomics.load(owners, WRITER.owner) !== 0n) return "alive";
    return Atomics.load(words, WRITER.state) === CLOSED ? "closed" : "none";
  }

  /** Makes a wait for changes keep the process alive, which is the default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end during a wait for changes. */
  unref(): void {
    this.#hold(false);
  }

  /**
   * Iterates over the newest values: each step copies the value that is the newest then.
   *
   * @param words The target of the copy, which is made just before `read` is called.
   * @param read Returns the value to yield.
   */
  async *changes<T>(
    words: Int32Array<ArrayBuffer>,
    read: () => T,
    options: ChangesOptions,
  ): AsyncGenerator<T, void, void> {
    if (this.#closed) throw new Deno.errors.BadResource(`The reader of ${this.#label} is closed`);
    assertOptions(options, CHANGES_CHECKS);
    const { signal } = options;
    signal?.throwIfAborted();
    const { slots, machine: { eventLoop } } = this.#parts;
    const iteration = this.#begin();
    try {
      while (!this.#closed) {
        if (slots.newest === iteration.seen && !await this.#waitForNext(iteration, options)) return;
        if (eventLoop.countWait()) {
          await eventLoop.turn();
          continue;
        }
        iteration.seen = slots.copy(words);
        if (iteration.seen !== 0) yield read();
        signal?.throwIfAborted();
      }
    } finally {
      this.#iterations.delete(iteration);
      close(iteration);
    }
  }

  /** Ends all iterations. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const iteration of this.#iterations) close(iteration);
    this.#writer[Symbol.dispose]();
  }

  /** Waits for a newer value than the last one. Returns false if the iteration has ended. */
  async #waitForNext(
    iteration: Iteration,
    { signal, timeout = Infinity, whenWriterGone = "end" }: ChangesOptions,
  ): Promise<boolean> {
    const isOver = () => this.#isOver(iteration, whenWriterGone);
    try {
      const isInTime = await iteration.wait.until(isOver, { timeout, ...(signal && { signal }) });
      if (!isInTime) throw this.#late(timeout);
    } catch (error) {
      signal?.throwIfAborted();
      // The event is closed together with this reader.
      if (this.#closed) return false;
      throw error;
    }
    if (iteration.found === "newer") return !this.#closed;
    if (iteration.found === "dead" && whenWriterGone === "throw") throw this.#reset();
    return false;
  }

  /** Looks for a newer value, and notes what it finds. Returns whether the wait is over. */
  #isOver(iteration: Iteration, whenWriterGone: WhenWriterGone): boolean {
    // The memory can be unmapped.
    if (this.#closed) return true;
    // A writer publishes before it leaves. In this order, a reader that sees that the writer has
    // left also sees its last value.
    const state = this.#writer.look(); // guard: writer-state
    const isThere = this.#parts.slots.newest !== iteration.seen; // guard: second-look-latest
    iteration.found = isThere ? "newer" : state;
    return isThere || state !== "alive" && whenWriterGone !== "wait";
  }

  #begin(): Iteration {
    const wakeEvent = this.#parts.wakeEvents.take(this.#options);
    const { header: { words }, machine } = this.#parts;
    const wait = new EndWait({
      buffer: words.buffer,
      wakeFlag: wakeEvent,
      peer: this.#writer,
      machine,
      // A writer that is killed while it opens can leave readers asleep.
      seeksPeer: true,
    });
    wait.hold(this.#held);
    const iteration: Iteration = { wakeEvent, wait, seen: 0, found: "alive" };
    this.#iterations.add(iteration);
    return iteration;
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const { wait } of this.#iterations) wait.hold(held);
  }

  #hasEnded(process: bigint): boolean {
    return this.#parts.machine.waitMultiple(BigUint64Array.of(process), 0) === WAIT_OBJECT_0;
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for a change of ${this.#label}`);
  }

  #reset(): Deno.errors.ConnectionReset {
    return new Deno.errors.ConnectionReset(
      `The writer of ${this.#label} has died: its process or Worker ended without closing it`,
    );
  }
}

/** Ends the wait of an iteration, and closes its event. */
function close({ wait, wakeEvent }: Iteration): void {
  wait[Symbol.dispose]();
  wakeEvent.close();
}

/** Options of {@linkcode openReader}. */
export interface LatestReaderOptions<F extends Fields> {
  /** The full name of the latest value. */
  readonly name: string;
  /** The layout of its values. */
  readonly layout: Layout<F>;
  /** The parts of its memory. */
  readonly parts: LatestParts;
  /** The security of the events that wake this reader. */
  readonly wake: WakeOptions;
}

/** Opens a reader; {@linkcode LatestValue.reader} calls this. */
export let openReader: <F extends Fields>(options: LatestReaderOptions<F>) => LatestReader<F>;

/**
 * Reads a latest value, and waits for its changes. {@linkcode LatestValue.reader} opens it.
 *
 * @example Read again and again without allocating
 * ```ts
 * import { LatestValue } from "@winipc/winipc/channel";
 * import { struct } from "@winipc/winipc/struct";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const Gauge = struct({ pressure: "f64" });
 * using value = LatestValue.create("pressure of the boiler", Gauge);
 * using writer = value.writer();
 * writer.write({ pressure: 1.5 });
 *
 * using reader = value.reader();
 * const words = new Int32Array(Gauge.byteLength / 4);
 * const gauge = Gauge.view(words);
 * assert(reader.readInto(words));
 * assertEquals(gauge.pressure, 1.5);
 * ```
 */
export class LatestReader<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** The layout of the values. */
  readonly layout: Layout<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #parts: LatestParts;
  readonly #changes: LatestChanges;
  #closed = false;

  static {
    openReader = (options) => new LatestReader(options);
  }

  private constructor({ name, layout, parts, wake }: LatestReaderOptions<F>) {
    super();
    this.name = name;
    this.layout = layout;
    this.#words = new Int32Array(wordsOf(layout.byteLength));
    this.#parts = parts;
    this.#changes = new LatestChanges(latestLabel(name), parts, wake);
  }

  /** Whether the reader is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The state of the writer now.
   *
   * - `"alive"`: there is a writer. A writer in a process that this user cannot watch counts as
   *   alive, also after its death.
   * - `"closed"`: the last writer was closed.
   * - `"dead"`: the process or Worker of the last writer has ended without closing the writer.
   * - `"none"`: the latest value never had a writer.
   *
   * @example Notice that the writer was closed
   * ```ts
   * import { LatestValue, struct } from "@winipc/winipc";
   * import { assertEquals } from "@std/assert";
   *
   * const Speed = struct({ metresPerSecond: "f64" });
   * using value = LatestValue.create("speed of the car", Speed);
   * const writer = value.writer();
   * using reader = value.reader();
   * assertEquals(reader.writer, "alive");
   * writer.close();
   * assertEquals(reader.writer, "closed");
   * ```
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  get writer(): WriterState {
    this.#assertOpen();
    return this.#changes.checkWriter();
  }

  /**
   * Reads the newest value.
   *
   * @returns All of its fields; `undefined` if no value was written yet.
   * @throws {Deno.errors.Busy} If the writer was so fast that each value was overwritten while it
   *   was read.
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  read(): StructValue<F> | undefined {
    this.#assertOpen();
    const number = this.#parts.slots.copy(this.#words);
    return number === 0 ? undefined : this.layout.read(this.#words);
  }

  /**
   * Copies the bytes of the newest value. This allocates nothing: make a `Layout.view` of the
   * target once, and read its fields after each copy.
   *
   * @param target The copy, of at least as many 32-bit words as the layout's bytes take.
   * @returns Whether a value was written yet.
   * @throws {TypeError} If `target` is not an `Int32Array`.
   * @throws {RangeError} If `target` is too small.
   * @throws {Deno.errors.Busy} If the writer was so fast that each value was overwritten while it
   *   was read.
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  readInto(target: Int32Array): boolean {
    this.#assertOpen();
    if (!(target instanceof Int32Array)) {
      throw new TypeError(`Expected the target to be an Int32Array, got ${show(target)}`);
    }
    if (target.length < this.#words.length) {
      throw new RangeError(
        `Expected the target to have ${this.#words.length} words or more, got ${target.length}`,
      );
    }
    return this.#parts.slots.copy(target) !== 0;
  }

  /**
   * Iterates over the newest values. The first step yields the newest value. Each later step waits
   * until there is a newer value, and yields the value that is the newest then. Values that were
   * replaced between two steps are left out.
   *
   * The iteration ends within a second after the writer was closed or has died, and yields the last
   * value before. {@linkcode LatestReader.writer} then says whether the writer was closed or has
   * died. The option `whenWriterGone` changes this behaviour. If another writer is opened before
   * the reader has noticed that the last writer is gone, the iteration goes on.
   *
   * At most 64 readers can wait at a time.
   *
   * @example Read the last value of a writer that was closed
   * ```ts
   * import { LatestValue, struct } from "@winipc/winipc";
   * import { assertEquals } from "@std/assert";
   *
   * const Lap = struct({ lap: "u32" });
   * using value = LatestValue.create("laps of the car", Lap);
   * const writer = value.writer();
   * using reader = value.reader();
   * writer.write({ lap: 1 });
   * writer.write({ lap: 2 });
   * writer.close();
   *
   * const laps = await Array.fromAsync(reader.changes({ timeout: 1000 }), ({ lap }) => lap);
   * assertEquals(laps, [2]);
   * ```
   *
   * @param options Limits of the wait. An iteration also ends, without an error, when the reader is
   *   closed.
   * @throws {Deno.errors.TimedOut} If there was no change in time.
   * @throws {Deno.errors.ConnectionReset} If `whenWriterGone` is `"throw"`, and the writer's
   *   process or Worker has ended without closing the writer.
   * @throws {Deno.errors.Busy} If 64 readers wait already. Or if the writer was so fast that each
   *   value was overwritten while it was read.
   * @throws {Deno.errors.BadResource} If the reader is closed before the iteration begins.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {RangeError} If `timeout` is out of range.
   */
  changes(options: ChangesOptions = {}): AsyncGenerator<StructValue<F>, void, void> {
    const words = this.#words;
    return this.#changes.changes(words, () => this.layout.read(words), options);
  }

  /**
   * Makes a wait for changes keep the process alive, which is the default.
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  ref(): void {
    this.#assertOpen();
    this.#changes.ref();
  }

  /**
   * Lets the process end during a wait for changes. This applies to waits that have begun already,
   * and to all later waits.
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  unref(): void {
    this.#assertOpen();
    this.#changes.unref();
  }

  /** Closes the reader and ends its iterations. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#changes[Symbol.dispose]();
  }

  /** Closes the reader at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The reader of latest value "${this.name}" is closed`);
    }
  }
}

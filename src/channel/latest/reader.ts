/**
 * A reader of a latest value: the newest value, the state of the writer, and waiting for changes.
 *
 * @module
 */

import { assertOptions, oneOf, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { deadlineAfter, timeLeft, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { limitSleep, PeerLiveness } from "../peer/liveness.ts";
import { CLOSED } from "../peer/place.ts";
import type { WakeEvent, WakeOptions } from "../peer/wake.ts";
import { latestLabel, type LatestParts, wordsOf, WRITER } from "./layout.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructValue } from "../../struct/mod.ts";

/** The state of a latest value's writer; {@linkcode LatestValue.writer} says what each means. */
export type WriterState = "alive" | "closed" | "dead" | "none";

/** Ends, throws or waits for the next writer; {@linkcode ChangesOptions.whenWriterGone} says when. */
export type WhenWriterGone = "end" | "throw" | "wait";

/** Says how long to wait for changes, and when to end. */
export interface ChangesOptions extends WaitOptions {
  /** The most to wait for each next change, in milliseconds. @default Infinity */
  timeout?: number;
  /**
   * Ends the iteration, which then throws the signal's reason. From a local checkout a signal needs
   * `--allow-read`, for a thread; from JSR nothing.
   */
  signal?: AbortSignal;
  /**
   * Ends the iteration, or not, when the writer was closed or its process has ended. The iteration gives
   * the writer's last value before.
   *
   * - `"end"`: the iteration ends in both cases.
   * - `"throw"`: the iteration ends if the writer was closed. It throws `Deno.errors.ConnectionReset` if
   *   the process has ended without closing it.
   * - `"wait"`: the iteration waits for the next writer, and goes on with its values.
   *
   * If there was no writer yet, the iteration waits for the first one, whatever this option says.
   *
   * @default "end"
   */
  whenWriterGone?: WhenWriterGone;
}

/** One who goes through changes. */
interface Iteration {
  /** What it sleeps with. */
  readonly wakeEvent: WakeEvent;
  /** The number of the value that it gave last; 0 at first. */
  seen: number;
}

const WHEN_WRITER_GONE: readonly WhenWriterGone[] = ["end", "throw", "wait"];

/** The checks of {@linkcode ChangesOptions}. */
export const CHANGES_CHECKS: OptionChecks<ChangesOptions> = {
  ...WAIT_CHECKS,
  whenWriterGone: oneOf(WHEN_WRITER_GONE),
};

const WAIT_OBJECT_0 = 0;

/** Reads the newest value, and waits for changes of it. */
export class LatestChanges implements Disposable {
  readonly #label: string;
  readonly #parts: LatestParts;
  readonly #options: WakeOptions;
  readonly #writer: PeerLiveness;
  readonly #iterations = new Set<Iteration>();
  #held = true;
  #closed = false;

  /**
   * Looks at a memory.
   *
   * @param label What is read, for messages: `latest value "Local\\x"`.
   * @param options Who may wake this reader.
   */
  constructor(label: string, parts: LatestParts, options: WakeOptions = {}) {
    this.#label = label;
    this.#parts = parts;
    this.#options = options;
    const ended = () => {
      for (const { wakeEvent: { event } } of this.#iterations) if (!event.closed) event.set();
    };
    this.#writer = new PeerLiveness(parts.header, WRITER, { ended, machine: parts.machine });
  }

  /** Checks how it is with the writer now. */
  checkWriter(): WriterState {
    const process = this.#writer.watch();
    if (process !== undefined && this.#hasEnded(process)) this.#writer.noteDeath();
    if (this.#writer.look() === "dead") return "dead";
    const { words, owners } = this.#parts.header;
    if (Atomics.load(owners, WRITER.owner) !== 0n) return "alive";
    return Atomics.load(words, WRITER.state) === CLOSED ? "closed" : "none";
  }

  /** Makes the process live for as long as something waits for changes, as it is at first. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while something waits for changes. */
  unref(): void {
    this.#hold(false);
  }

  /**
   * Copies the newest value, and then each that is the newest when one asks again.
   *
   * @param words Where to; it is written to just before `read` is called.
   * @param read Gives what the iteration gives.
   * @param options How long, and what ends it.
   */
  async *changes<T>(
    words: Int32Array<ArrayBuffer>,
    read: () => T,
    options: ChangesOptions,
  ): AsyncGenerator<T, void, void> {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
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
      iteration.wakeEvent.close();
    }
  }

  /** Ends what waits for changes. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const { wakeEvent } of this.#iterations) wakeEvent.close();
    this.#writer[Symbol.dispose]();
  }

  /** Waits for another value than the one that was seen; tells whether there will be one. */
  async #waitForNext(
    { wakeEvent, seen }: Iteration,
    { signal, timeout = Infinity, whenWriterGone = "end" }: ChangesOptions,
  ): Promise<boolean> {
    const deadline = deadlineAfter(timeout, this.#parts.machine);
    while (!this.#closed) {
      // The writer that is watched now is the one that the second look below asks for.
      const most = limitSleep(this.#writer.awaitDeath(), Infinity); // guard: sleep-limit
      wakeEvent.raise();
      // What was done before that woke nobody: look once more, or sleep through it. A writer publishes
      // before it goes, so whoever sees that it is gone sees its last value after that.
      const state = this.#writer.look(); // guard: writer-state
      const isThere = this.#parts.slots.newest !== seen; // guard: second-look-latest
      const isOver = state !== "alive" && whenWriterGone !== "wait";
      if (isThere || isOver) {
        wakeEvent.lower();
        if (isThere) return true;
        if (state === "dead" && whenWriterGone === "throw") throw this.#reset();
        return false;
      }
      const left = timeLeft(deadline, this.#parts.machine);
      if (left === 0) throw this.#late(timeout);
      await this.#sleep(wakeEvent, Math.min(most, left), signal);
    }
    return false;
  }

  /** Sleeps until the reader is woken, or the time is over. */
  async #sleep({ event }: WakeEvent, most: number, signal: AbortSignal | undefined): Promise<void> {
    const timeout = Math.ceil(most);
    try {
      await event.wait(signal === undefined ? { timeout } : { timeout, signal });
    } catch (error) {
      signal?.throwIfAborted();
      // It is closed with this reader.
      const isOver = error instanceof Deno.errors.TimedOut || this.#closed;
      if (!isOver) throw error;
    }
  }

  #begin(): Iteration {
    const wakeEvent = this.#parts.wakeEvents.take(this.#options);
    if (!this.#held) wakeEvent.event.unref();
    const iteration = { wakeEvent, seen: 0 };
    this.#iterations.add(iteration);
    return iteration;
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const { wakeEvent: { event } } of this.#iterations) {
      if (held) event.ref();
      else event.unref();
    }
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

/** What a reader reads with. */
export interface LatestReaderOptions<F extends Fields> {
  /** The full name of the latest value. */
  readonly name: string;
  /** The layout of its values. */
  readonly layout: Layout<F>;
  /** The memory. */
  readonly parts: LatestParts;
  /** Who may wake this reader. */
  readonly wake: WakeOptions;
}

/** Makes a reader of what it reads with; {@linkcode LatestValue.reader} calls this. */
export let openReader: <F extends Fields>(options: LatestReaderOptions<F>) => LatestReader<F>;

/** Reads a latest value, and waits for its changes; `LatestValue.reader` gives it. */
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

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The state of the writer now.
   *
   * - `"alive"`: there is a writer. This is also said of a process that this user may not watch.
   * - `"closed"`: the last writer was closed.
   * - `"dead"`: the process of the last writer has ended without closing it.
   * - `"none"`: there was no writer since the memory was made.
   *
   * @example
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
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get writer(): WriterState {
    this.#assertOpen();
    return this.#changes.checkWriter();
  }

  /**
   * Gives the newest value.
   *
   * @returns All of its fields; `undefined` if nothing has been written yet.
   * @throws {Deno.errors.Busy} If the writer was so fast that no value stood still long enough.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  read(): StructValue<F> | undefined {
    this.#assertOpen();
    const number = this.#parts.slots.copy(this.#words);
    return number === 0 ? undefined : this.layout.read(this.#words);
  }

  /**
   * Copies the newest value's bytes, for a `Layout.view` that is made once: nothing is allocated.
   *
   * @param target Where to, in whole 32-bit words: as many as the layout's bytes take.
   * @returns Whether something has been written yet.
   * @throws {RangeError} If the target is too small.
   * @throws {Deno.errors.Busy} If the writer was so fast that no value stood still long enough.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  readInto(target: Int32Array): boolean {
    this.#assertOpen();
    if (!(target instanceof Int32Array)) {
      throw new TypeError(`Expected the target to be an Int32Array, got ${show(target)}`);
    }
    if (target.length < this.#words.length) {
      throw new RangeError(
        `Expected a target of ${this.#words.length} words, got one of ${target.length}`,
      );
    }
    return this.#parts.slots.copy(target) !== 0;
  }

  /**
   * Iterates over the newest values. It gives the newest value first. Each further step gives the value
   * that is the newest then, and waits until there is a newer one. Values that were replaced between two
   * steps are left out.
   *
   * The iteration gives the last value, and ends within a second after the writer was closed or its
   * process has ended. {@linkcode LatestReader.writer} then tells which. `whenWriterGone` changes this. A
   * writer that is replaced before the reader has noticed its end does not end the iteration.
   *
   * At most 64 readers can wait at a time.
   *
   * @example
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
   * @param options How long to wait, and what ends the iteration; closing ends it too, without an error.
   * @throws {Deno.errors.TimedOut} If there was no next change in time.
   * @throws {Deno.errors.ConnectionReset} If `whenWriterGone` is `"throw"`, and the writer's process has
   *   ended without closing it.
   * @throws {Deno.errors.Busy} If too many readers wait already; or if the writer was so fast that no
   *   value stood still long enough.
   * @throws {Deno.errors.BadResource} If it is closed before it begins.
   * @throws {Deno.errors.NotCapable} If there is a signal, and this module is a local file and may not be
   *   read.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {RangeError} If `timeout` is out of range.
   */
  changes(options: ChangesOptions = {}): AsyncGenerator<StructValue<F>, void, void> {
    const words = this.#words;
    return this.#changes.changes(words, () => this.layout.read(words), options);
  }

  /**
   * Keeps the process alive while something waits for changes, as a new reader does.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  ref(): void {
    this.#changes.ref();
  }

  /**
   * Lets the process end while something waits for changes. This holds for waits that have begun
   * already, and for all that follow.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  unref(): void {
    this.#changes.unref();
  }

  /** Stops reading, and ends what waits for changes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#changes[Symbol.dispose]();
  }

  /** Stops reading at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The reader of latest value "${this.name}" is closed`);
    }
  }
}

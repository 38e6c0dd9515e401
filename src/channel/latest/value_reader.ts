/**
 * A reader of a latest value.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructValue } from "../../struct/mod.ts";
import type { WakeOptions } from "../peer/wake_events.ts";
import type { LatestParts } from "./layout.ts";
import { latestLabel, wordsOf } from "./memory.ts";
import { type ChangesOptions, LatestChanges, type WriterState } from "./reader.ts";

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

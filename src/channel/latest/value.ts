/**
 * Latest values: one process writes them, and any number read the newest.
 *
 * @module
 */

import { assertOptions, type OptionChecks, pickOptions, show } from "../../../ffi/arguments.ts";
import { unless } from "../../../ffi/error.ts";
import { derivedName, objectName } from "../../names/object_name.ts";
import { Uncloneable } from "../../../ffi/uncloneable.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import type { Fields, Layout, StructValue } from "../../struct/mod.ts";
import { openMemory, openOrCreateMemory } from "../../memory/opening.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { openOrCreateMutex } from "../../sync/mutex.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import {
  assertLayout,
  LATEST_VALUE_CHECKS,
  latestLabel,
  LatestMemory,
  type LatestValueOptions,
  memoryLengthOf,
  wordsOf,
  writeHeader,
} from "./memory.ts";
import { LatestPublisher } from "./publisher.ts";
import { type ChangesOptions, LatestReader, type WriterState } from "./reader.ts";
import { LatestWriter } from "./writer.ts";

const WAIT_FOR_CHECKS: OptionChecks<LatestValueOptions & WaitOptions> = {
  ...LATEST_VALUE_CHECKS,
  ...WAIT_CHECKS,
};

/**
 * The newest value that another process has written, whole, as often as one looks.
 *
 * Nobody waits for anybody: a reader never holds the writer up, and a value that the reader did not
 * look at in time is gone. A writer that dies leaves the last whole value, and another one can take
 * its place.
 *
 * @example
 * ```ts
 * import { LatestValue, struct } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Position = struct({ x: "f64", y: "f64" });
 *
 * // One process writes …
 * using writer = LatestValue.create("position", Position);
 * writer.write({ x: 1, y: 2 });
 * writer.write({ y: 3 });
 *
 * // … and any other reads.
 * using reader = LatestValue.open("position", Position);
 * assertEquals(reader.read(), { x: 1, y: 3 });
 * ```
 */
export class LatestValue<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** What a value is like. */
  readonly layout: Layout<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #memory: LatestMemory;
  readonly #reader: LatestReader;
  #closed = false;

  private constructor(
    name: string,
    layout: Layout<F>,
    memory: SharedMemory,
    options: LatestValueOptions,
  ) {
    super();
    this.name = name;
    this.layout = layout;
    this.#words = new Int32Array(wordsOf(layout.byteLength));
    this.#memory = new LatestMemory(name, memory, layout);
    this.#reader = new LatestReader(latestLabel(name), this.#memory.parts, options);
  }

  /**
   * Makes a latest value, or takes the place of a writer that is gone.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @param layout What a value is like.
   * @param options What it is to be like, if it is new.
   * @returns The writer.
   * @throws {Deno.errors.AlreadyExists} If somebody writes it.
   * @throws {Deno.errors.Busy} If the memory names a newest value that it has not: somebody else has
   *   written to it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not make or open it.
   */
  static create<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestWriter<F> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, LATEST_VALUE_CHECKS);
    const label = latestLabel(full);
    using stack = new DisposableStack();
    const writer = derivedName(full, ".writer");
    const mutex = stack.use(openOrCreateMutex(writer, options, `mutex "${writer}" of ${label}`));
    const lock = mutex.tryLock();
    if (lock === undefined) {
      throw new Deno.errors.AlreadyExists(
        `Somebody writes the ${label} already: open it, or take another name`,
      );
    }
    stack.defer(() => lock.release());
    const initialize = (view: MappedView) => writeHeader(view, layout);
    const length = memoryLengthOf(layout);
    const found = openOrCreateMemory(full, length, { ...options, initialize }, label);
    const memory = sharedMemoryOver(found.memory, full, found.created);
    const { parts } = stack.use(new LatestMemory(full, memory, layout));
    const words = new Int32Array(wordsOf(layout.byteLength));
    parts.slots.copy(words);
    const publisher = stack.use(new LatestPublisher(parts));
    const all = stack.move();
    return new LatestWriter(full, layout, words, {
      publish: (words) => publisher.publish(words),
      close: () => all.dispose(),
    });
  }

  /**
   * Opens a latest value, to read it.
   *
   * @param name The name.
   * @param layout What a value is like: the same as the writer's.
   * @param options Who may wake this reader, where another user writes.
   * @throws {Deno.errors.NotFound} If nobody has it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static open<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestValue<F> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, LATEST_VALUE_CHECKS);
    return new LatestValue(full, layout, openAs(full), options);
  }

  /**
   * Waits until somebody makes the latest value of a name, and opens it.
   *
   * @param name The name.
   * @param layout What a value is like: the same as the writer's.
   * @param options How long to wait, and who may wake this reader.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static async waitFor<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions & WaitOptions = {},
  ): Promise<LatestValue<F>> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, WAIT_FOR_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => openAs(full));
    const memory = await poll(latestLabel(full), look, options);
    return new LatestValue(full, layout, memory, pickOptions(options, LATEST_VALUE_CHECKS));
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
   * const writer = LatestValue.create("speed of the car", Speed);
   * using reader = LatestValue.open("speed of the car", Speed);
   * assertEquals(reader.writer, "alive");
   * writer.close();
   * assertEquals(reader.writer, "closed");
   * ```
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get writer(): WriterState {
    this.#assertOpen();
    return this.#reader.checkWriter();
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
    const number = this.#memory.parts.slots.copy(this.#words);
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
    return this.#memory.parts.slots.copy(target) !== 0;
  }

  /**
   * Iterates over the newest values. It gives the newest value first. Each further step gives the value
   * that is the newest then, and waits until there is a newer one. Values that were replaced between two
   * steps are left out.
   *
   * The iteration gives the last value, and ends within a second after the writer was closed or its
   * process has ended. {@linkcode LatestValue.writer} then tells which. `whenWriterGone` changes this. A
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
   * const writer = LatestValue.create("laps of the car", Lap);
   * using reader = LatestValue.open("laps of the car", Lap);
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
    return this.#reader.changes(words, () => this.layout.read(words), options);
  }

  /**
   * Keeps the process alive while something waits for changes, as a new reader does.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  ref(): void {
    this.#reader.ref();
  }

  /**
   * Lets the process end while something waits for changes. This holds for waits that have begun
   * already, and for all that follow.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  unref(): void {
    this.#reader.unref();
  }

  /** Lets go of the memory, and ends what waits for changes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
  }

  /** Closes the value at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The latest value "${this.name}" is closed`);
    }
  }
}

/** Opens the memory of a latest value, which a reader writes to as well. */
function openAs(name: string): SharedMemory {
  const memory = openMemory(name, { access: "readwrite" }, { label: latestLabel(name) });
  return sharedMemoryOver(memory, name, false);
}

/**
 * Latest values: one process writes values, and any number of processes read the newest one.
 *
 * @module
 */

import { unless } from "../../../ffi/error.ts";
import { assertOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { createInitializedMemory, openMemory } from "../../memory/creation.ts";
import type { MappedView } from "../../memory/mod.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { derivedName, objectName, openOrCreate } from "../../names.ts";
import { assertLayout, type ValueLayout } from "../../struct/consistent.ts";
import type { Fields, Layout } from "../../struct/mod.ts";
import { openOrCreateMutex } from "../../sync/mutex.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { createUnder } from "../peer/memory.ts";
import { Ends } from "../peer/place.ts";
import { MAX_WAITING, WAKE_CHECKS, wakeEventSuffix, type WakeOptions } from "../peer/wake.ts";
import {
  LATEST_VALUE_CHECKS,
  latestLabel,
  LatestMemory,
  type LatestValueOptions,
  MAGIC,
  memoryLengthOf,
  wordsOf,
  writeHeader,
} from "./layout.ts";
import { LatestPublisher, type LatestWriter, openWriter } from "./writer.ts";
import { type LatestReader, openReader } from "./reader.ts";

/**
 * A value in shared memory that one process writes and any number of processes read. A reader
 * always gets the newest value, and all fields of it belong together.
 *
 * The writer and the readers never wait for each other. A value that a reader did not read in time
 * is lost to it. If the writer dies, the last whole value stays, and another writer can take its
 * place.
 *
 * @example Write a position and read it elsewhere
 * ```ts
 * import { LatestValue, struct } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Position = struct({ x: "f64", y: "f64" });
 *
 * // One process writes …
 * using value = LatestValue.create("position", Position);
 * using writer = value.writer();
 * writer.write({ x: 1, y: 2 });
 * writer.write({ y: 3 });
 *
 * // … and any other reads.
 * using same = LatestValue.open("position", Position);
 * using reader = same.reader();
 * assertEquals(reader.read(), { x: 1, y: 3 });
 * ```
 */
export class LatestValue<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** The layout of the values. */
  readonly layout: Layout<F>;
  readonly #label: string;
  readonly #memory: LatestMemory;
  readonly #options: LatestValueOptions;
  readonly #ends = new Ends();
  #closed = false;

  private constructor(
    name: string,
    layout: Layout<F>,
    memory: LatestMemory,
    options: LatestValueOptions,
  ) {
    super();
    this.name = name;
    this.layout = layout;
    this.#label = latestLabel(name);
    this.#memory = memory;
    this.#options = options;
  }

  /**
   * Creates a latest value under a name.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to create it.
   */
  static create<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestValue<F> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, LATEST_VALUE_CHECKS);
    const label = latestLabel(full);
    // Checks the length of all derived names before the memory is created: this one is the longest.
    derivedName(full, wakeEventSuffix(MAX_WAITING - 1));
    const memory = createUnder({ label, name: full, magic: MAGIC }, () => {
      const initialize = (view: MappedView) => writeHeader(view, layout);
      const length = memoryLengthOf(layout);
      const made = createInitializedMemory(full, length, options, { label, initialize });
      return sharedMemoryOver(made, full, true);
    });
    return new LatestValue(full, layout, new LatestMemory(full, memory, layout), options);
  }

  /**
   * Opens the latest value of a name, or creates it if it does not exist. So a program that
   * restarts finds the value that its readers still have open. {@linkcode LatestValue.writer} then
   * replaces the writer that has died.
   *
   * This blocks the thread for up to 5 seconds while another process creates the value. It does not
   * change the `security` of a value that exists.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of
   *   another layout.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to create or open it.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating it in 5 seconds.
   */
  static openOrCreate<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestValue<F> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, LATEST_VALUE_CHECKS);
    return openOrCreate({
      label: latestLabel(full),
      open: () => new LatestValue(full, layout, openLatest(full, layout), options),
      create: () => LatestValue.create(name, layout, options),
    });
  }

  /**
   * Opens the latest value of a name.
   *
   * @param layout The layout of the values: the same as in the process that created it.
   * @throws {Deno.errors.NotFound} If no latest value has this name.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of
   *   another layout.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open it.
   */
  static open<F extends Fields>(name: string, layout: Layout<F>): LatestValue<F> {
    const full = objectName(name);
    assertLayout("layout", layout);
    return new LatestValue(full, layout, openLatest(full, layout), {});
  }

  /**
   * Waits until a process creates the latest value of a name, and opens it.
   *
   * @param layout The layout of the values: the same as in the process that creates it.
   * @throws {Deno.errors.TimedOut} If it was not created in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of
   *   another layout.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open it.
   */
  static async waitFor<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: WaitOptions = {},
  ): Promise<LatestValue<F>> {
    const full = objectName(name);
    assertLayout("layout", layout);
    assertOptions(options, WAIT_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => openLatest(full, layout));
    const memory = await poll(latestLabel(full), look, options);
    return new LatestValue(full, layout, memory, {});
  }

  /** Whether the latest value is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Opens the writer. It can replace a writer that was closed, or whose process or Worker has
   * ended.
   *
   * @throws {Deno.errors.Busy} If the latest value has a writer already. Or if the memory is
   *   corrupt: it names a newest value that it does not hold.
   * @throws {Deno.errors.BadResource} If the latest value is closed.
   */
  writer(): LatestWriter<F> {
    this.#assertOpen();
    const { name, layout } = this;
    const { parts } = this.#memory;
    using stack = new DisposableStack();
    const writer = derivedName(name, ".writer");
    const label = `mutex "${writer}" of ${this.#label}`;
    const mutex = stack.use(openOrCreateMutex(writer, this.#options, label));
    const lock = mutex.tryLock();
    if (lock === undefined) {
      throw new Deno.errors.Busy(
        `The ${this.#label} has a writer already: close that writer first`,
      );
    }
    stack.defer(() => lock.release());
    const words = new Int32Array(wordsOf(layout.byteLength));
    parts.slots.copy(words);
    const publisher = stack.use(new LatestPublisher(parts));
    return this.#ends.add(openWriter({ name, layout, words, publisher, resources: stack.move() }));
  }

  /**
   * Opens a reader.
   *
   * @param options Its `security` matters if another user writes.
   * @throws {Deno.errors.BadResource} If the latest value is closed.
   */
  reader(options: WakeOptions = {}): LatestReader<F> {
    this.#assertOpen();
    assertOptions(options, WAKE_CHECKS);
    const { name, layout } = this;
    return this.#ends.add(openReader({ name, layout, parts: this.#memory.parts, wake: options }));
  }

  /** Closes the latest value, and the ends that were opened by this object. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.use(this.#memory);
    stack.defer(() => this.#ends.close());
  }

  /** Closes the latest value at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
  }
}

/**
 * Opens the memory of a latest value to read and write: readers write the bits of their wake
 * events.
 */
function openLatest(name: string, layout: ValueLayout): LatestMemory {
  const memory = openMemory(name, { access: "readwrite" }, { label: latestLabel(name) });
  return new LatestMemory(name, sharedMemoryOver(memory, name, false), layout);
}

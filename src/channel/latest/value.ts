/**
 * Latest values, which one process writes and any number of processes read; and their writer.
 *
 * The writer holds the mutex `NAME.writer`, and it has a place in the memory. By the place, readers
 * know the writer's process and notice its end. The mutex excludes a second writer. The place alone
 * is not enough for this, because Windows soon gives the id of a dead process to a new one. If a
 * user cannot open the new process, that user cannot find out that the writer is dead. But Windows
 * releases the mutex of a dead owner in any case.
 *
 * @module
 */

import { Ends, leavePlace, takePlace } from "../peer/place.ts";
import {
  assertValueLayout,
  LATEST_VALUE_CHECKS,
  latestLabel,
  LatestMemory,
  type LatestParts,
  type LatestValueOptions,
  MAGIC,
  memoryLengthOf,
  writeHeader,
  WRITER,
} from "./layout.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructInput, StructView } from "../../struct/mod.ts";
import { unless } from "../../../ffi/error.ts";
import { assertOptions } from "../../../ffi/arguments.ts";
import { createInitializedMemory, openMemory } from "../../memory/creation.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { derivedName, objectName, openOrCreate } from "../../names.ts";
import type { ValueLayout } from "../../struct/consistent.ts";
import { openOrCreateMutex } from "../../sync/mutex.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { createUnder, wordsOf } from "../peer/memory.ts";
import { MAX_WAITING, WAKE_CHECKS, wakeEventSuffix, type WakeOptions } from "../peer/wake.ts";
import { type LatestReader, openReader } from "./reader.ts";

/** The parts that {@linkcode LatestPublisher} uses: of a latest value, or of a latest frame. */
export interface PublishingParts extends Omit<LatestParts, "slots"> {
  /** The slots to publish in. */
  readonly slots: Pick<LatestParts["slots"], "publish">;
}

/** Publishes values for the writer, and owns the writer's place. */
export class LatestPublisher implements Disposable {
  readonly #parts: PublishingParts;

  /**
   * Takes the writer's place, and wakes all readers, so that they watch this writer.
   *
   * @param parts The parts of the memory. The caller holds the mutex, so no other writer is alive.
   */
  constructor(parts: PublishingParts) {
    this.#parts = parts;
    takeOver(parts);
    try {
      // Readers that sleep do not watch this process yet. And an earlier writer can have been
      // killed between clearing their wake flags and setting their events.
      parts.wakeEvents.wakeEveryone(); // guard: writer-comes
    } catch (error) {
      leavePlace(parts.header, WRITER, parts);
      throw error;
    }
  }

  /** Publishes a new value, and wakes the readers that sleep. */
  publish(words: Int32Array<ArrayBuffer>): void {
    this.#parts.slots.publish(words); // guard: value-first
    this.#parts.wakeEvents.wakeAll(); // guard: wake-readers
  }

  /** Leaves the place, and wakes the readers that sleep, so that they notice it. */
  [Symbol.dispose](): void {
    leavePlace(this.#parts.header, WRITER, this.#parts);
    this.#parts.wakeEvents.wakeAll(); // guard: writer-closes
  }
}

/** The memory that {@linkcode createLatest} creates. */
export interface NewLatest {
  /** The full name. */
  readonly name: string;
  /** The name in error messages. */
  readonly label: string;
  /** The first word of the memory. */
  readonly magic: number;
  readonly byteLength: number;
  readonly options: LatestValueOptions;
  /** Writes the header. */
  readonly initialize: (view: MappedView) => void;
}

/** Creates the memory of a latest value, or of a latest frame. */
export function createLatest(
  { name, label, magic, byteLength, options, initialize }: NewLatest,
): SharedMemory {
  // Checks the length of all derived names before the memory is created: this one is the longest.
  derivedName(name, wakeEventSuffix(MAX_WAITING - 1));
  return createUnder({ label, name, magic }, () => {
    const made = createInitializedMemory(name, byteLength, options, { label, initialize });
    return sharedMemoryOver(made, name, true);
  });
}

/**
 * Takes the mutex of the writer of a latest value, or of a latest frame.
 *
 * @param name The full name of the latest value or the latest frame.
 * @returns The stack that releases and closes the mutex.
 * @throws {Deno.errors.Busy} If there is a writer.
 */
export function takeWriterMutex(
  name: string,
  label: string,
  options: LatestValueOptions,
): DisposableStack {
  using stack = new DisposableStack();
  const writer = derivedName(name, ".writer");
  const mutex = stack.use(openOrCreateMutex(writer, options, `mutex "${writer}" of ${label}`));
  const lock = mutex.tryLock();
  if (lock === undefined) {
    throw new Deno.errors.Busy(`The ${label} has a writer already: close that writer first`);
  }
  stack.defer(() => lock.release());
  return stack.move();
}

/** Takes the writer's place. Its last owner is not alive. */
function takeOver({ header, machine }: PublishingParts): void {
  const options = { who: "writer", machine };
  try {
    takePlace(header, WRITER, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy)) throw error;
    // The id in the place seems to be of a live process. But this writer has the mutex, so the id
    // is wrong: it now belongs to a process that this user cannot open, or a reader has written it.
    Atomics.store(header.owners, WRITER.owner, 0n);
    takePlace(header, WRITER, options);
  }
}

/** What the other files of this room need to open an end of a latest value. */
export interface LatestInsides {
  /** The name in messages: `latest value "Local\\x"`. */
  readonly label: string;
  readonly parts: LatestParts;
  readonly options: LatestValueOptions;
  /** The ends, which are closed with the latest value. */
  readonly ends: Ends;
}

/**
 * Returns the insides of a latest value.
 *
 * @throws {Deno.errors.BadResource} If the latest value is closed.
 */
export let insidesOf: <F extends Fields>(value: LatestValue<F>) => LatestInsides;

/** The publisher of a latest value's only writer. */
export interface OnlyPublisher extends Disposable {
  readonly publisher: LatestPublisher;
  /** The value that was published last, in 32-bit words. */
  readonly words: Int32Array<ArrayBuffer>;
}

/**
 * Takes the writer's mutex and place.
 *
 * @returns The publisher. Its disposal leaves the place, and then releases the mutex.
 * @throws {Deno.errors.Busy} If the latest value has a writer already. Or if the memory is
 *   corrupt: it names a newest value that it does not hold.
 */
export function openPublisher<F extends Fields>(value: LatestValue<F>): OnlyPublisher {
  const { label, parts, options } = insidesOf(value);
  using stack = takeWriterMutex(value.name, label, options);
  const words = new Int32Array(wordsOf(value.layout.byteLength));
  parts.slots.copy(words);
  const publisher = stack.use(new LatestPublisher(parts));
  const resources = stack.move();
  return { publisher, words, [Symbol.dispose]: () => resources.dispose() };
}

/** Options of {@linkcode openWriter}. */
export interface LatestWriterOptions<F extends Fields> {
  /** The full name of the latest value. */
  readonly name: string;
  /** The layout of its values. */
  readonly layout: Layout<F>;
  /** The publisher, which has the writer's place. */
  readonly opened: OnlyPublisher;
}

/** Opens a writer; {@linkcode LatestValue.writer} calls this. */
export let openWriter: <F extends Fields>(options: LatestWriterOptions<F>) => LatestWriter<F>;

/**
 * Writes a latest value. {@linkcode LatestValue.writer} opens it. A latest value has only one
 * writer at a time, in any process.
 *
 * @example Write some fields, or change a field and publish it
 * ```ts
 * import { LatestValue } from "@winipc/winipc/channel";
 * import { struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Gear = struct({ gear: "u8", speed: "f32" });
 * using value = LatestValue.create("gear of the car", Gear);
 * using reader = value.reader();
 * using writer = value.writer();
 * writer.write({ gear: 3, speed: 50 });
 * writer.value.speed = 52;
 * assertEquals(reader.read(), { gear: 3, speed: 50 });
 * writer.publish();
 * assertEquals(reader.read(), { gear: 3, speed: 52 });
 * ```
 */
export class LatestWriter<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** The layout of the values. */
  readonly layout: Layout<F>;
  /**
   * The next value, which readers see only after {@linkcode LatestWriter.publish}. At first it
   * equals the value that was published last.
   */
  readonly value: StructView<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #publisher: LatestPublisher;
  readonly #opened: OnlyPublisher;
  #closed = false;

  static {
    openWriter = (options) => new LatestWriter(options);
  }

  private constructor({ name, layout, opened }: LatestWriterOptions<F>) {
    super();
    this.name = name;
    this.layout = layout;
    this.value = layout.view(opened.words);
    this.#words = opened.words;
    this.#publisher = opened.publisher;
    this.#opened = opened;
  }

  /** Whether the writer is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes some fields and publishes the value. All other fields keep their values.
   *
   * @throws {TypeError} If a field's value is of the wrong kind. Then nothing is written.
   * @throws {RangeError} If a field's value is out of range. Then nothing is written.
   * @throws {Deno.errors.BadResource} If the writer is closed.
   */
  write(values: StructInput<F>): void {
    this.#assertOpen();
    this.layout.write(this.#words, values);
    // A getter of the values can have closed the writer. Then another one can be open.
    this.#assertOpen();
    this.#publisher.publish(this.#words);
  }

  /**
   * Publishes {@linkcode LatestWriter.value}, so that all readers see it. This allocates nothing,
   * and makes calls of the system only if a reader sleeps.
   *
   * @throws {Deno.errors.BadResource} If the writer is closed.
   */
  publish(): void {
    this.#assertOpen();
    this.#publisher.publish(this.#words);
  }

  /** Closes the writer. The last value stays, and another writer can be opened. */
  close(): void {
    this.#closed = true;
    this.#opened[Symbol.dispose]();
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The writer of latest value "${this.name}" is closed`);
    }
  }
}

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

  static {
    insidesOf = (value) => {
      value.#assertOpen();
      return {
        label: value.#label,
        parts: value.#memory.parts,
        options: value.#options,
        ends: value.#ends,
      };
    };
  }

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
    assertValueLayout("layout", layout);
    assertOptions(options, LATEST_VALUE_CHECKS);
    const memory = createLatest({
      name: full,
      label: latestLabel(full),
      magic: MAGIC,
      byteLength: memoryLengthOf(layout),
      options,
      initialize: (view) => writeHeader(view, layout),
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
    assertValueLayout("layout", layout);
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
    assertValueLayout("layout", layout);
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
    assertValueLayout("layout", layout);
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
    return this.#ends.add(openWriter({ name, layout, opened: openPublisher(this) }));
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

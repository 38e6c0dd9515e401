/**
 * The writer of a latest value.
 *
 * The writer holds the mutex `NAME.writer`, and it has a place in the memory. By the place, readers
 * know the writer's process and notice its end. The mutex excludes a second writer. The place alone
 * is not enough for this, because Windows soon gives the id of a dead process to a new one. If a
 * user cannot open the new process, that user cannot find out that the writer is dead. But Windows
 * releases the mutex of a dead owner in any case.
 *
 * @module
 */

import { leavePlace, takePlace } from "../peer/place.ts";
import { type LatestParts, WRITER } from "./layout.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructInput, StructView } from "../../struct/mod.ts";

/** Publishes values for the writer, and owns the writer's place. */
export class LatestPublisher implements Disposable {
  readonly #parts: LatestParts;

  /**
   * Takes the writer's place, and wakes all readers, so that they watch this writer.
   *
   * @param parts The parts of the memory. The caller holds the mutex, so no other writer is alive.
   */
  constructor(parts: LatestParts) {
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

/** Takes the writer's place. Its last owner is not alive. */
function takeOver({ header, machine }: LatestParts): void {
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

/** Options of {@linkcode openWriter}. */
export interface LatestWriterOptions<F extends Fields> {
  /** The full name of the latest value. */
  readonly name: string;
  /** The layout of its values. */
  readonly layout: Layout<F>;
  /** The value that was published last, in 32-bit words. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The publisher, which has the writer's place. */
  readonly publisher: LatestPublisher;
  /** Closes the publisher, and then releases the writer's mutex. */
  readonly resources: DisposableStack;
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
  readonly #resources: DisposableStack;
  #closed = false;

  static {
    openWriter = (options) => new LatestWriter(options);
  }

  private constructor({ name, layout, words, publisher, resources }: LatestWriterOptions<F>) {
    super();
    this.name = name;
    this.layout = layout;
    this.value = layout.view(words);
    this.#words = words;
    this.#publisher = publisher;
    this.#resources = resources;
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
    this.#resources.dispose();
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

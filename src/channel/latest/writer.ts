/**
 * The writer of a latest value.
 *
 * The writer holds the mutex `NAME.writer`, and has its place in the memory besides. The place tells
 * readers who writes, so that they notice its end. The mutex keeps a second writer out, and the place alone
 * could not: Windows gives a dead writer's process id to another process soon. If this user may not
 * look at that process, nobody can tell that the writer is dead. The system always gives a dead
 * owner's mutex up, whoever asks.
 *
 * @module
 */

import { leavePlace, takePlace } from "../peer/place.ts";
import { type LatestParts, WRITER } from "./layout.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructInput, StructView } from "../../struct/mod.ts";

/** Has readers see values, for a writer that has the writer's place. */
export class LatestPublisher implements Disposable {
  readonly #parts: LatestParts;

  /**
   * Takes the place, and has every reader know of this writer.
   *
   * @param parts The memory. No other writer lives: the mutex is held.
   */
  constructor(parts: LatestParts) {
    this.#parts = parts;
    takeOver(parts);
    try {
      // Readers that sleep do not watch this process yet. And who wrote before may have been killed
      // with bits taken and events not set.
      parts.wakeEvents.wakeEveryone(); // guard: writer-comes
    } catch (error) {
      leavePlace(parts.header, WRITER, parts);
      throw error;
    }
  }

  /**
   * Puts a new value in place of the newest, and wakes the readers that sleep.
   */
  publish(words: Int32Array<ArrayBuffer>): void {
    this.#parts.slots.publish(words); // guard: value-first
    this.#parts.wakeEvents.wakeAll(); // guard: wake-readers
  }

  /** Leaves the place, and has the readers that sleep see that. */
  [Symbol.dispose](): void {
    leavePlace(this.#parts.header, WRITER, this.#parts);
    this.#parts.wakeEvents.wakeAll(); // guard: writer-closes
  }
}

/** Takes the place, whose owner does not live. */
function takeOver({ header, machine }: LatestParts): void {
  const options = { who: "writer", machine };
  try {
    takePlace(header, WRITER, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy)) throw error;
    // The owner's id belongs by now to a process that this user may not look at, or a reader has
    // written there. The mutex knows better.
    Atomics.store(header.owners, WRITER.owner, 0n);
    takePlace(header, WRITER, options);
  }
}

/** What a writer writes with. */
export interface LatestWriterOptions<F extends Fields> {
  /** The full name of the latest value. */
  readonly name: string;
  /** The layout of its values. */
  readonly layout: Layout<F>;
  /** The value that was published last, in 32-bit words. */
  readonly words: Int32Array<ArrayBuffer>;
  /** Publishes values. It has the writer's place. */
  readonly publisher: LatestPublisher;
  /** Closes the publisher, and then gives up the mutex of the writer. */
  readonly resources: DisposableStack;
}

/** Makes a writer of what it writes with; {@linkcode LatestValue.writer} calls this. */
export let openWriter: <F extends Fields>(options: LatestWriterOptions<F>) => LatestWriter<F>;

/** Writes a latest value; `LatestValue.writer` gives it. */
export class LatestWriter<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** The layout of the values. */
  readonly layout: Layout<F>;
  /**
   * The next value, which nobody sees before {@linkcode LatestWriter.publish}. At first it is the last
   * one that was published.
   */
  readonly value: StructView<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #publisher: LatestPublisher;
  readonly #resources: DisposableStack;

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

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#resources.disposed;
  }

  /**
   * Writes some fields, and has all readers see the value from now on; the other fields are as before.
   *
   * @throws {TypeError} If a value is of the wrong kind; then nothing is written.
   * @throws {RangeError} If a value is out of range; then nothing is written.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  write(values: StructInput<F>): void {
    this.#assertOpen();
    this.layout.write(this.#words, values);
    this.#publisher.publish(this.#words);
  }

  /**
   * Has all readers see {@linkcode LatestWriter.value} from now on. It allocates nothing, and asks the
   * system for something only if a reader sleeps.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  publish(): void {
    this.#assertOpen();
    this.#publisher.publish(this.#words);
  }

  /** Lets another process write; readers go on to read what was written last. */
  close(): void {
    this.#resources.dispose();
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.closed) {
      throw new Deno.errors.BadResource(`The writer of latest value "${this.name}" is closed`);
    }
  }
}

/**
 * The writer of a latest value.
 *
 * @module
 */

import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields, Layout, StructInput, StructView } from "../../struct/mod.ts";

/** Where a writer's values go. */
export interface LatestSink {
  /** Has all readers see a value, given in 32-bit words. */
  publish(words: Int32Array<ArrayBuffer>): void;
  /** Lets another writer come. */
  close(): void;
}

/** The one who writes a latest value; `LatestValue.create` gives it. */
export class LatestWriter<F extends Fields> extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** What a value is like. */
  readonly layout: Layout<F>;
  /**
   * The next value, which nobody sees before {@linkcode LatestWriter.publish}. At first it is the last one that was
   * published.
   */
  readonly value: StructView<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  #sink: LatestSink | undefined;

  /**
   * Begins to write; `LatestValue.create` calls this.
   *
   * @param name The full name.
   * @param layout What a value is like.
   * @param words The last value that was published, in 32-bit words.
   * @param sink Where values go.
   */
  constructor(name: string, layout: Layout<F>, words: Int32Array<ArrayBuffer>, sink: LatestSink) {
    super();
    this.name = name;
    this.layout = layout;
    this.value = layout.view(words);
    this.#words = words;
    this.#sink = sink;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#sink === undefined;
  }

  /**
   * Writes some fields, and has all readers see the value from now on; the other fields are as before.
   *
   * @param values The fields.
   * @throws {TypeError} If a value is of the wrong kind; then nothing is written.
   * @throws {RangeError} If a value is out of range; then nothing is written.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  write(values: StructInput<F>): void {
    const sink = this.#open();
    this.layout.write(this.#words, values);
    sink.publish(this.#words);
  }

  /**
   * Has all readers see {@linkcode LatestWriter.value} from now on. It allocates nothing, and asks the
   * system for something only if a reader sleeps.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  publish(): void {
    this.#open().publish(this.#words);
  }

  /** Lets another process write; readers go on to read what was written last. */
  close(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close();
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): LatestSink {
    if (this.#sink === undefined) {
      throw new Deno.errors.BadResource(`The writer of latest value "${this.name}" is closed`);
    }
    return this.#sink;
  }
}

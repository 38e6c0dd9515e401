/**
 * Reads and writes latest values as bytes: for tools that pass values on without a look at their
 * fields.
 *
 * @module
 */

import { bytesOf } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { Fields } from "../../struct/mod.ts";
import { wordsOf } from "../peer/memory.ts";
import type { LatestParts } from "./layout.ts";
import { type ChangesOptions, LatestChanges } from "./reader.ts";
import { insidesOf, type LatestValue, type OnlyPublisher, openPublisher } from "./value.ts";

/**
 * Opens a reader that reads values as bytes. It is closed with the latest value.
 *
 * @throws {Deno.errors.BadResource} If the latest value is closed.
 */
export function bytesReaderOf<F extends Fields>(value: LatestValue<F>): LatestBytesReader {
  const { label, parts, ends } = insidesOf(value);
  return ends.add(new LatestBytesReader(label, parts, value.layout.byteLength));
}

/**
 * Opens the writer of a latest value, which writes values as bytes. It is closed with the latest
 * value.
 *
 * @throws {Deno.errors.Busy} If the latest value has a writer already.
 * @throws {Deno.errors.BadResource} If the latest value is closed.
 */
export function bytesWriterOf<F extends Fields>(value: LatestValue<F>): LatestBytesWriter {
  const { label, ends } = insidesOf(value);
  const { byteLength } = value.layout;
  return ends.add(new LatestBytesWriter(label, openPublisher(value), byteLength));
}

/** Reads a latest value as bytes; {@linkcode bytesReaderOf} opens it. */
export class LatestBytesReader extends Uncloneable implements Disposable {
  /** The value in messages: `latest value "Local\\x"`. */
  readonly label: string;
  /** The length of a value in bytes. */
  readonly byteLength: number;
  readonly #parts: LatestParts;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #changes: LatestChanges;
  #closed = false;

  constructor(label: string, parts: LatestParts, byteLength: number) {
    super();
    this.label = label;
    this.byteLength = byteLength;
    this.#parts = parts;
    this.#words = new Int32Array(wordsOf(byteLength));
    this.#changes = new LatestChanges(label, parts);
  }

  /** Whether the reader is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads the newest value.
   *
   * @returns A copy of its bytes; `undefined` if no value was written yet.
   * @throws {Deno.errors.Busy} If the writer was so fast that each value was overwritten while it
   *   was read.
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  read(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#closed) throw new Deno.errors.BadResource(`The reader of ${this.label} is closed`);
    return this.#parts.slots.copy(this.#words) === 0 ? undefined : this.#copy();
  }

  /**
   * Iterates over the newest values, as `LatestReader.changes` does: the first step yields the
   * newest value, and each later step waits for a newer one.
   *
   * @throws The errors of `LatestReader.changes`.
   */
  changes(options: ChangesOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return this.#changes.changes(this.#words, () => this.#copy(), options);
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

  #copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#words.buffer, 0, this.byteLength).slice();
  }
}

/** Writes a latest value as bytes; {@linkcode bytesWriterOf} opens it. */
export class LatestBytesWriter extends Uncloneable implements Disposable {
  /** The value in messages: `latest value "Local\\x"`. */
  readonly label: string;
  /** The length of a value in bytes. */
  readonly byteLength: number;
  readonly #opened: OnlyPublisher;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #closed = false;

  constructor(label: string, opened: OnlyPublisher, byteLength: number) {
    super();
    this.label = label;
    this.byteLength = byteLength;
    this.#opened = opened;
    this.#bytes = new Uint8Array(opened.words.buffer, 0, byteLength);
  }

  /** Whether the writer is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes a whole value, which all readers then see.
   *
   * @throws {TypeError} If the value is not bytes.
   * @throws {RangeError} If the value has not {@linkcode byteLength} bytes. Then nothing is written.
   * @throws {Deno.errors.BadResource} If the writer is closed.
   */
  write(bytes: Uint8Array): void {
    if (this.#closed) throw new Deno.errors.BadResource(`The writer of ${this.label} is closed`);
    const value = bytesOf("the value", bytes);
    if (value.length !== this.byteLength) {
      throw new RangeError(
        `Expected a value of ${this.byteLength} bytes for the ${this.label}, got ${value.length}`,
      );
    }
    this.#bytes.set(value);
    this.#opened.publisher.publish(this.#opened.words);
  }

  /** Closes the writer. The last value stays, and another writer can be opened. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#opened[Symbol.dispose]();
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * The bytes of an image, of which no part is read that is not there.
 *
 * @module
 */

import type { Fields } from "../layout/placement.ts";
import type { Layout, StructValue } from "../struct.ts";

/** The bytes of an image. */
export class ImageSource {
  /** How many there are. */
  readonly byteLength: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #label: string;

  /**
   * Reads bytes.
   *
   * @param bytes The bytes.
   * @param label What they are, for messages: `file "C:\\one.dll"`.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, label: string) {
    this.#bytes = bytes;
    this.#label = label;
    this.byteLength = bytes.length;
  }

  /** Reads a struct; what it is called is for the message. */
  read<F extends Fields>(layout: Layout<F>, offset: number, what: string): StructValue<F> {
    this.assertWithin(offset, layout.byteLength, what);
    return layout.read(this.#bytes, offset);
  }

  /** Gives the numbers of a table, each of 2 or 4 bytes. */
  table(offset: number, count: number, width: 2 | 4, what: string): number[] {
    this.assertWithin(offset, count * width, what);
    const data = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + offset, count * width);
    return Array.from(
      { length: count },
      (_, index) => width === 2 ? data.getUint16(index * 2, true) : data.getUint32(index * 4, true),
    );
  }

  /** Reads a text up to its NUL, which has to come before an end. */
  text(offset: number, end: number, what: string): string {
    this.assertWithin(offset, end - offset, what);
    const nul = this.#bytes.subarray(offset, end).indexOf(0);
    if (nul < 0) this.fail(`${what} does not end`, offset);
    return new TextDecoder().decode(this.#bytes.slice(offset, offset + nul));
  }

  /** Throws unless a part is within the bytes. */
  assertWithin(offset: number, byteLength: number, what: string): void {
    if (offset >= 0 && byteLength >= 0 && offset + byteLength <= this.byteLength) return;
    this.fail(`${what} (${byteLength} bytes) is not within its ${this.byteLength} bytes`, offset);
  }

  /** Throws that something is wrong. */
  fail(what: string, offset: number): never {
    throw new Deno.errors.InvalidData(
      `Expected a sound PE image, but in ${this.#label} ${what}, at offset ${offset}`,
    );
  }
}

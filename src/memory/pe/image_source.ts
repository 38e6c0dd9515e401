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

  /** Reads a number of 16 bits. */
  u16(offset: number, what: string): number {
    this.assertWithin(offset, 2, what);
    return this.#bytes[offset]! + this.#bytes[offset + 1]! * 256;
  }

  /** Copies bytes, and adds zeros up to a length. */
  copy(offset: number, byteLength: number, paddedLength: number): Uint8Array<ArrayBuffer> {
    const padded = new Uint8Array(paddedLength);
    padded.set(this.bytesAt(offset, byteLength));
    return padded;
  }

  /** Gives the bytes themselves: those that there are of a part, perhaps none. */
  bytesAt(offset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    if (offset >= this.byteLength || byteLength <= 0) return new Uint8Array(0);
    return this.#bytes.subarray(offset, offset + byteLength);
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

/** The longest name that is read, in bytes: compilers make no longer ones. */
export const MAX_NAME = 4096;

/** Reads a name, which linkers write in UTF-8, up to its NUL or to the end. */
export function decodeName(bytes: Uint8Array<ArrayBuffer>): string {
  const nul = bytes.indexOf(0);
  const name = nul < 0 ? bytes : bytes.subarray(0, nul);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
}

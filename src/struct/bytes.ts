/**
 * Fields of bytes.
 *
 * @module
 */

import { assertInteger, bytesOf, type ByteSource } from "../../ffi/arguments.ts";
import { bytesAt, bytesToStore, copyAt } from "./copy.ts";
import { type CType, MAX_BYTES } from "./ctype.ts";

/** A C array of bytes, made by {@linkcode bytes}. */
export type BytesType = CType<Uint8Array<ArrayBuffer>, Uint8Array, ByteSource>;

/**
 * Describes bytes: `uint8_t name[length]`.
 *
 * In a view, the field is a live `Uint8Array` over the memory, always the same object. Assigning to
 * the field copies bytes into the memory. Fewer bytes than the field has are allowed: the rest of
 * the field keeps its bytes. A copy of `Layout.read` has a copy of the bytes.
 *
 * If the memory is mapped read-only, assigning to the field throws, as for all fields. Do not write
 * to the elements of its `Uint8Array`: an array cannot refuse that, and Windows then gives this
 * process a private copy of the page, which no longer follows the writer.
 *
 * After the memory is unmapped, the array has length 0, and reading the field throws a TypeError.
 *
 * @example Write a part of a picture in place
 * ```ts
 * import { bytes, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Picture = struct({ width: "u16", pixels: bytes(6) });
 * const picture = Picture.view(new ArrayBuffer(Picture.byteLength));
 * picture.pixels = Uint8Array.of(1, 2, 3);
 * picture.pixels[5] = 9;
 * picture.pixels.copyWithin(3, 0, 2);
 * assertEquals(picture.pixels, Uint8Array.of(1, 2, 3, 1, 2, 9));
 * ```
 *
 * @param length The number of bytes, at least 1.
 * @throws {RangeError} If the length is out of range.
 */
export function bytes(length: number): BytesType {
  assertInteger("the number of bytes", length, 1, MAX_BYTES);
  return {
    byteLength: length,
    alignment: 1,
    // The same as that of array("u8", length), which C declares in the same way.
    signature: `u8[${length}]`,
    isValue: false,
    isBytes: true,
    c: { declare: (name) => `uint8_t ${name}[${length}]`, define: () => [] },
    check(value, where, into) {
      const source = bytesOf(where, value);
      if (source.length > length) {
        throw new RangeError(`Expected at most ${length} bytes for ${where}, got ${source.length}`);
      }
      return bytesToStore(source, into);
    },
    store(data, offset, value) {
      const source = bytesOf("the bytes", value);
      bytesAt(data, offset, source.length).set(source);
    },
    load: (data, offset) => new Uint8Array(copyAt(data, offset, length)),
    live: (data, offset) => bytesAt(data, offset, length),
    find: () => undefined,
  };
}

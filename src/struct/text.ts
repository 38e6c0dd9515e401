/**
 * Texts and bytes of a fixed size, which C stores in arrays of characters.
 *
 * @module
 */

import {
  assertBoolean,
  assertInteger,
  assertOptions,
  bytesOf,
  type ByteSource,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { assertWide, decodeWide, toUnits } from "../../ffi/wide.ts";
import { CP_ACP, decodeCodePage, encodeCodePage, encodeUtf8 } from "../../ffi/code_page.ts";
import { bytesAt, bytesToStore, copyAt, sourceOf, type StructTarget } from "./target.ts";
import type { CType } from "./ctype.ts";
import { MAX_BYTES } from "./scalar.ts";

/** Options of a text: of {@linkcode utf16}, {@linkcode utf8} and {@linkcode ansi}. */
export interface TextOptions {
  /**
   * Whether the text ends with a NUL, as C expects. With `false`, a text can use the whole field,
   * and only a shorter text is followed by NULs. So a text that fills its field can be written as
   * it was read. In C, such fields are written by `strncpy`, and read by `strnlen` or `%.4s`.
   *
   * @default true
   */
  terminated?: boolean;
}

/** The checks of {@linkcode TextOptions}, by option. */
export const TEXT_CHECKS: OptionChecks<TextOptions> = { terminated: assertBoolean };

/** A type of texts: {@linkcode utf16}, {@linkcode utf8} or {@linkcode ansi}. */
export interface TextType {
  /**
   * Describes a text of a fixed size.
   *
   * @param length The size in code units, including the NUL: at least 1.
   * @throws {RangeError} If the length is out of range.
   */
  (length: number, options?: TextOptions): CType<string>;
  /**
   * Reads a text without a struct: up to the first NUL, or to the end of the bytes.
   *
   * @param source Bytes, or an object with a property `bytes`, such as a `MappedView`.
   * @throws {TypeError} If the source is not bytes, or its memory is gone.
   * @throws {Deno.errors.BadResource} If the source is a closed view.
   */
  read(source: StructTarget): string;
}

/** One decoder for all texts, because creating one takes longer than decoding a short text. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Describes a text in UTF-16, the encoding of most Windows programs: `wchar_t name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last code unit is a NUL, because C
 * needs one, unless the option `terminated` is `false`. Reading stops at the first NUL, or at the
 * end of the field.
 *
 * @example Write a text that fits, and one that does not
 * ```ts
 * import { struct, utf16 } from "@winipc/winipc/struct";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const Person = struct({ name: utf16(6) });
 * const person = Person.view(new ArrayBuffer(12));
 * person.name = "Grace";
 * assertEquals(person.name, "Grace");
 * assertThrows(() => person.name = "Hopper", RangeError, "name");
 * ```
 *
 * @example Read a text without a struct
 * ```ts
 * import { utf16 } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(utf16.read(Uint16Array.of(0x53, 0x70, 0x61, 0, 0x21)), "Spa");
 * ```
 */
export const utf16: TextType = textType({
  name: "utf16",
  unit: 2,
  cName: "wchar_t",
  encode: (value) => new Uint8Array(toUnits(value).buffer),
  decode: (bytes) => decodeWide(new Uint16Array(bytes.buffer, 0, bytes.length / 2)),
});

/**
 * Describes a text in UTF-8: `char name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last byte is a NUL, because C needs
 * one, unless the option `terminated` is `false`. Reading stops at the first NUL, or at the end of
 * the field. Bytes that are not valid UTF-8 are read as U+FFFD, which takes 3 bytes to write. So a
 * text that was cut within a character can be too long to be written as it was read.
 *
 * @example Read the bytes of a text in UTF-8
 * ```ts
 * import { struct, utf8 } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const City = struct({ name: utf8(8) });
 * const bytes = new Uint8Array(City.byteLength);
 * City.write(bytes, { name: "Köln" });
 * assertEquals([...bytes], [0x4b, 0xc3, 0xb6, 0x6c, 0x6e, 0, 0, 0]);
 * assertEquals(City.read(bytes), { name: "Köln" });
 * assertEquals(utf8.read(bytes), "Köln");
 * ```
 *
 * @example Describe a signature that has no NUL
 * ```ts
 * import { struct, utf8 } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Header = struct({ signature: utf8(4, { terminated: false }), version: "u32" });
 * const header = Header.view(new ArrayBuffer(Header.byteLength));
 * header.signature = "HWiS";
 * assertEquals(header.signature, "HWiS");
 * ```
 */
export const utf8: TextType = textType({
  name: "utf8",
  unit: 1,
  cName: "char",
  encode: encodeUtf8,
  decode: (bytes) => UTF8.decode(bytes),
});

/**
 * Describes a text in the system's ANSI code page, which old Windows programs use:
 * `char name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last byte is a NUL, because C needs
 * one, unless the option `terminated` is `false`. Writing a character that the code page does not
 * have throws a TypeError. Windows would replace the character with a similar one. Reading stops at
 * the first NUL, or at the end of the field.
 *
 * @example Write a text for a program that uses the ANSI code page
 * ```ts
 * import { ansi, struct } from "@winipc/winipc/struct";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const Title = struct({ text: ansi(16) });
 * const title = Title.view(new ArrayBuffer(Title.byteLength));
 * title.text = "Report 7";
 * assertEquals(title.text, "Report 7");
 * assertStringIncludes(Title.toC("Title"), "char text[16];");
 * ```
 *
 * @example Read a text without a struct
 * ```ts
 * import { ansi } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ansi.read(new TextEncoder().encode("<temp>\0")), "<temp>");
 * ```
 */
export const ansi: TextType = textType({
  name: "ansi",
  unit: 1,
  cName: "char",
  encode: (value, where) => encodeCodePage(value, CP_ACP, where),
  decode: (bytes) => decodeCodePage(bytes, CP_ACP),
});

/** The properties and functions that differ between the three text types. */
interface Encoding {
  /** The name of the type in signatures. */
  readonly name: string;
  /** The size of a code unit in bytes. */
  readonly unit: 1 | 2;
  /** The type of a code unit in C. */
  readonly cName: string;
  /** Encodes a text, or throws a TypeError that names the field at `where`. */
  encode(text: string, where: string): Uint8Array<ArrayBuffer>;
  /** Decodes the bytes of a text without its NUL. They begin at the start of their buffer. */
  decode(bytes: Uint8Array<ArrayBuffer>): string;
}

function textType(encoding: Encoding): TextType {
  const { unit } = encoding;
  const describe = (length: number, options: TextOptions = {}): CType<string> => {
    assertOptions(options, TEXT_CHECKS);
    const { terminated = true } = options;
    const what = `the length of a text${terminated ? ", including the NUL at its end," : ""}`;
    assertInteger(what, length, 1, Math.floor(MAX_BYTES / unit));
    return text(encoding, length, terminated ? length - 1 : length);
  };
  return Object.assign(describe, {
    read(source: StructTarget): string {
      const what = "the text's memory";
      return decodeUpToNul(encoding, bytesOf(what, sourceOf(what, source)));
    },
  });
}

/** Returns the type of texts of at most `most` code units before the NULs. */
function text(encoding: Encoding, length: number, most: number): CType<string> {
  const { name, unit, cName, encode } = encoding;
  const byteLength = length * unit;
  const signature = `${name}[${length}]`;
  const load = (data: DataView, offset: number) =>
    decodeUpToNul(encoding, bytesAt(data, offset, byteLength));
  return {
    byteLength,
    alignment: unit,
    signature,
    isValue: true,
    c: { declare: (variable) => `${cName} ${variable}[${length}]`, define: () => [] },
    check(value, where) {
      assertWide(where, value);
      const units = encode(value, where).length / unit;
      if (units > most) {
        throw new RangeError(
          `Expected ${where} to be a text of at most ${most} ` +
            `${unit === 1 ? "bytes" : "code units"}, got ${units}`,
        );
      }
      return value;
    },
    store(data, offset, value) {
      const bytes = bytesAt(data, offset, byteLength);
      const encoded = encode(value, signature);
      bytes.set(encoded);
      bytes.fill(0, encoded.length);
    },
    load,
    live: load,
    find: () => undefined,
  };
}

function decodeUpToNul({ unit, decode }: Encoding, bytes: Uint8Array): string {
  const length = lengthOf(bytes, unit);
  if (length === 0) return "";
  // Looks for the NUL in a copy, too, because another process may write at the same time.
  const copy = new Uint8Array(bytes.subarray(0, length));
  return decode(copy.subarray(0, lengthOf(copy, unit)));
}

/** Returns the number of bytes before the first NUL, or in all whole code units. */
function lengthOf(bytes: Uint8Array, unit: 1 | 2): number {
  if (unit === 1) {
    const nul = bytes.indexOf(0);
    return nul < 0 ? bytes.length : nul;
  }
  const end = bytes.length & ~1;
  let at = 0;
  while (at < end && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at += 2;
  return at;
}

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

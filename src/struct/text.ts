/**
 * Texts of a fixed size, which C stores in arrays of characters.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { assertWide, decodeWide, toUnits } from "../../ffi/wide.ts";
import { CP_ACP, decodeCodePage, encodeCodePage, encodeUtf8 } from "../../ffi/code_page.ts";
import { bytesAt } from "./copy.ts";
import { type CType, MAX_BYTES } from "./ctype.ts";

type Data = DataView;

const LENGTH = "the length of a text, including the NUL at its end,";

/**
 * Describes a text in UTF-16, the encoding of most Windows programs: `wchar_t name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last code unit is a NUL, because C
 * needs one. Reading stops at the first NUL, or at the end of the field.
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
 * @param length The size in UTF-16 code units, including the NUL: at least 1.
 * @throws {RangeError} If the length is out of range.
 */
export function utf16(length: number): CType<string> {
  assertInteger(LENGTH, length, 1, Math.floor(MAX_BYTES / 2));
  return text({
    signature: `utf16[${length}]`,
    byteLength: length * 2,
    unit: 2,
    declare: (name) => `wchar_t ${name}[${length}]`,
    encode: (value) => new Uint8Array(toUnits(value).buffer),
    decode: (bytes) => decodeWide(new Uint16Array(bytes.buffer, 0, bytes.length / 2)),
  });
}

/**
 * Describes a text in UTF-8: `char name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last byte is a NUL, because C needs
 * one. Reading stops at the first NUL, or at the end of the field. Bytes that are not valid UTF-8
 * are read as U+FFFD.
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
 * ```
 *
 * @param length The size in bytes, including the NUL: at least 1.
 * @throws {RangeError} If the length is out of range.
 */
export function utf8(length: number): CType<string> {
  return characters("utf8", length, {
    encode: encodeUtf8,
    decode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  });
}

/**
 * Describes a text in the system's ANSI code page, which old Windows programs use:
 * `char name[length]`.
 *
 * Writing fills the rest of the field with NULs. At least the last byte is a NUL, because C needs
 * one. Writing a character that the code page does not have throws a TypeError. Windows would
 * replace the character with a similar one. Reading stops at the first NUL, or at the end of the
 * field.
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
 * @param length The size in bytes, including the NUL: at least 1.
 * @throws {RangeError} If the length is out of range.
 */
export function ansi(length: number): CType<string> {
  return characters("ansi", length, {
    encode: (value, where) => encodeCodePage(value, CP_ACP, where),
    decode: (bytes) => decodeCodePage(bytes, CP_ACP),
  });
}

/** The properties and functions that differ between the three text types. */
interface Text {
  signature: string;
  byteLength: number;
  /** The size of a code unit in bytes. */
  unit: 1 | 2;
  declare(name: string): string;
  /** Encodes a text, or throws a TypeError that names the field at `where`. */
  encode(text: string, where: string): Uint8Array<ArrayBuffer>;
  /** Decodes the bytes of a text without its NUL. They begin at the start of their buffer. */
  decode(bytes: Uint8Array<ArrayBuffer>): string;
}

function characters(
  name: string,
  length: number,
  { encode, decode }: Pick<Text, "encode" | "decode">,
): CType<string> {
  assertInteger(LENGTH, length, 1, MAX_BYTES);
  return text({
    signature: `${name}[${length}]`,
    byteLength: length,
    unit: 1,
    declare: (variable) => `char ${variable}[${length}]`,
    encode,
    decode,
  });
}

function text({ signature, byteLength, unit, declare, encode, decode }: Text): CType<string> {
  const most = byteLength - unit;
  const load = (data: Data, offset: number) => {
    // Copies the bytes first, because another process may write at the same time.
    const bytes = bytesAt(data, offset, byteLength).slice();
    return decode(bytes.subarray(0, lengthOf(bytes, unit)));
  };
  return {
    byteLength,
    alignment: unit,
    signature,
    isValue: true,
    c: { declare, define: () => [] },
    check(value, where) {
      assertWide(where, value);
      const length = encode(value, where).length;
      if (length > most) {
        throw new RangeError(
          `Expected ${where} to be a text of at most ${most / unit} ` +
            `${unit === 1 ? "bytes" : "code units"}, got ${length / unit}`,
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

/** Returns the number of bytes before the first NUL. */
function lengthOf(bytes: Uint8Array, unit: 1 | 2): number {
  if (unit === 1) {
    const nul = bytes.indexOf(0);
    return nul < 0 ? bytes.length : nul;
  }
  let at = 0;
  while (at < bytes.length && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at += 2;
  return at;
}

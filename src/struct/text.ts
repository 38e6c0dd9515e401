/**
 * Texts of a fixed size, as C keeps them in arrays of characters.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { assertWide, decodeWide, toUnits } from "../../ffi/wide.ts";
import { CP_ACP, decodeCodePage, encodeCodePage, encodeUtf8 } from "../../ffi/code_page.ts";
import { type CType, MAX_BYTES } from "./ctype.ts";

type Data = DataView;

const LENGTH = "the length of a text, which counts the NUL at its end,";

/**
 * A text in UTF-16, as most Windows programs keep it: `wchar_t name[length]`.
 *
 * The last unit is always a NUL, so that C can read it; what is behind the text is filled
 * with NULs. A text ends at its first NUL when it is read, or at the field's end.
 *
 * @example
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
 * @param length The size in UTF-16 code units, the NUL included; at least 1.
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
 * A text in UTF-8: `char name[length]`.
 *
 * The last byte is always a NUL, so that C can read it; what is behind the text is filled
 * with NULs. A text ends at its first NUL when it is read, or at the field's end; bytes that
 * are no UTF-8 are read as U+FFFD.
 *
 * @param length The size in bytes, the NUL included; at least 1.
 */
export function utf8(length: number): CType<string> {
  return characters("utf8", length, {
    encode: encodeUtf8,
    decode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  });
}

/**
 * A text in the system's own code page, as old Windows programs keep it: `char name[length]`.
 *
 * The last byte is always a NUL, so that C can read it; what is behind the text is filled
 * with NULs. Writing a character that the code page does not have throws a TypeError: no look-alike
 * takes its place.
 *
 * @param length The size in bytes, the NUL included; at least 1.
 */
export function ansi(length: number): CType<string> {
  return characters("ansi", length, {
    encode: (value, where) => encodeCodePage(value, CP_ACP, where),
    decode: (bytes) => decodeCodePage(bytes, CP_ACP),
  });
}

/** The parts in which texts differ. */
interface Text {
  signature: string;
  byteLength: number;
  /** The size of a code unit in bytes. */
  unit: 1 | 2;
  declare(name: string): string;
  /** Writes a text, or throws a TypeError that says where it is to go. */
  encode(text: string, where: string): Uint8Array<ArrayBuffer>;
  /** Reads bytes, which end where the text does and begin where their buffer does. */
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
    // Of a copy, for another process may be writing.
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

function bytesAt(data: Data, offset: number, byteLength: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, byteLength);
}

/** How many bytes there are before the first NUL. */
function lengthOf(bytes: Uint8Array, unit: 1 | 2): number {
  if (unit === 1) {
    const nul = bytes.indexOf(0);
    return nul < 0 ? bytes.length : nul;
  }
  let at = 0;
  while (at < bytes.length && (bytes[at] !== 0 || bytes[at + 1] !== 0)) at += 2;
  return at;
}

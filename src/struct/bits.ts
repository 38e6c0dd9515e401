/**
 * Bit fields.
 *
 * @see {@link https://learn.microsoft.com/cpp/cpp/cpp-bit-fields}
 * @module
 */

import { assertInteger, assertOneOf } from "../../ffi/arguments.ts";
import type { CType } from "./ctype.ts";
import { bigInteger, integer, SCALARS } from "./scalar.ts";

/** The types that bit fields are parts of. */
export type BitUnit = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64";

const UNITS = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"] as const;

/** Some of the bits of an integer; {@linkcode bits} makes it. */
export interface BitField<N extends BitUnit = BitUnit> {
  /** The type that they are a part of. */
  readonly unit: N;
  /** How many bits. */
  readonly width: number;
}

/** A type whose values are of one kind, whatever they are in the memory. */
type Bits = CType<unknown, unknown, unknown>;

/**
 * A bit field: `uint32_t ready : 1`.
 *
 * Bit fields that follow each other share a unit as Microsoft's compiler has it: while their
 * types are equally large and there is room. To write one is to read its unit, change the bits and
 * write the unit, so two processes should not write bits of one unit at the same time.
 *
 * @example
 * ```ts
 * import { bits, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Status = struct({ ready: bits("u32", 1), mode: bits("u32", 3) });
 * assertEquals(Status.byteLength, 4);
 * assertEquals(Status.read(Uint8Array.of(0b1011, 0, 0, 0)), { ready: 1, mode: 5 });
 * ```
 *
 * @param unit The type that it is a part of.
 * @param width How many bits, from 1 to those of the type.
 * @throws {TypeError} If the unit is none.
 * @throws {RangeError} If the width is out of range.
 */
export function bits<const N extends BitUnit>(unit: N, width: number): BitField<N> {
  assertBitField({ unit, width });
  return { unit, width };
}

/**
 * Throws unless a bit field has a unit, and a width that is in it.
 */
export function assertBitField({ unit, width }: BitField): void {
  assertOneOf("the unit of a bit field", unit, UNITS);
  assertInteger("the width of a bit field", width, 1, SCALARS[unit].byteLength * 8);
}

/**
 * Gives the type of a bit field that has its place.
 *
 * @param field The bit field.
 * @param shift How many bits of the unit are before it.
 */
export function bitsAt({ unit, width }: BitField, shift: number): Bits {
  const { byteLength, alignment, c } = SCALARS[unit];
  const common = {
    byteLength,
    alignment,
    signature: `${unit}:${shift}+${width}`,
    isValue: true,
    c: { ...c, declare: (name: string) => `${c.declare(name, "")} : ${width}` },
    find: () => undefined,
  };
  return unit === "i64" || unit === "u64"
    ? { ...common, ...wideBits(unit === "i64", width, shift) }
    : { ...common, ...narrowBits(unit, width, shift) };
}

/** How bits are read and written. */
type BitAccess<T> = Pick<CType<T>, "check" | "load" | "store" | "live">;

function narrowBits(
  unit: Exclude<BitUnit, "i64" | "u64">,
  width: number,
  shift: number,
): BitAccess<number> {
  const { load: loadUnit, store: storeUnit } = {
    i8: SCALARS.u8,
    u8: SCALARS.u8,
    i16: SCALARS.u16,
    u16: SCALARS.u16,
    i32: SCALARS.u32,
    u32: SCALARS.u32,
  }[unit];
  const signed = unit.startsWith("i");
  const mask = 2 ** width - 1;
  const unused = 32 - width;
  const load: BitAccess<number>["load"] = (data, offset, where) => {
    const value = (loadUnit(data, offset, where) >>> shift) & mask;
    return signed ? (value << unused) >> unused : value >>> 0;
  };
  return {
    check: signed ? integer(-(2 ** (width - 1)), 2 ** (width - 1) - 1) : integer(0, mask),
    load,
    live: load,
    store(data, offset, value) {
      const others = loadUnit(data, offset, "") & ~(mask << shift);
      storeUnit(data, offset, (others | ((value & mask) << shift)) >>> 0);
    },
  };
}

function wideBits(signed: boolean, width: number, shift: number): BitAccess<bigint> {
  const [wide, from] = [BigInt(width), BigInt(shift)];
  const mask = (1n << wide) - 1n;
  const { load: loadUnit, store: storeUnit } = SCALARS.u64;
  const load: BitAccess<bigint>["load"] = (data, offset, where) => {
    const value = (loadUnit(data, offset, where) >> from) & mask;
    return signed ? BigInt.asIntN(width, value) : value;
  };
  return {
    check: signed
      ? bigInteger(-(1n << (wide - 1n)), (1n << (wide - 1n)) - 1n)
      : bigInteger(0n, mask),
    load,
    live: load,
    store(data, offset, value) {
      const others = loadUnit(data, offset, "") & ~(mask << from);
      storeUnit(data, offset, others | ((value & mask) << from));
    },
  };
}

/**
 * Scalar types and bit fields.
 *
 * @module
 */

import {
  assertBigInteger,
  assertBoolean,
  assertInteger,
  assertNumber,
  assertOneOf,
  show,
} from "../../ffi/arguments.ts";
import type { CType, ScalarName, ScalarValues, TypeLike } from "./ctype.ts";

/** Maximum size of a type in bytes, because compilers for Windows have this limit, too. */
export const MAX_BYTES: number = 2 ** 31 - 1;

/** Returns a value if it can be written, and throws otherwise. */
export type Check<T> = CType<T>["check"];

/** The parts in which scalar types differ. */
interface Scalar<T>
  extends Pick<CType<T>, "byteLength" | "signature" | "check" | "load" | "store"> {
  /** The name of the type in C. */
  readonly name: string;
}

/** `FLT_MAX` */
const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;

const U32: Scalar<number> = {
  byteLength: 4,
  signature: "u32",
  name: "uint32_t",
  check: integer(0, 2 ** 32 - 1),
  load: (data, offset) => data.getUint32(offset, true),
  store: (data, offset, value) => data.setUint32(offset, value, true),
};

const I64: Scalar<bigint> = {
  byteLength: 8,
  signature: "i64",
  name: "int64_t",
  check: bigInteger(-(2n ** 63n), 2n ** 63n - 1n),
  load: (data, offset) => data.getBigInt64(offset, true),
  store: (data, offset, value) => data.setBigInt64(offset, value, true),
};

const U64: Scalar<bigint> = {
  byteLength: 8,
  signature: "u64",
  name: "uint64_t",
  check: bigInteger(0n, 2n ** 64n - 1n),
  load: (data, offset) => data.getBigUint64(offset, true),
  store: (data, offset, value) => data.setBigUint64(offset, value, true),
};

/** The scalar types by name. */
export const SCALARS: { readonly [N in ScalarName]: CType<ScalarValues[N]> } = {
  i8: scalar({
    byteLength: 1,
    signature: "i8",
    name: "int8_t",
    check: integer(-(2 ** 7), 2 ** 7 - 1),
    load: (data, offset) => data.getInt8(offset),
    store: (data, offset, value) => data.setInt8(offset, value),
  }),
  u8: scalar({
    byteLength: 1,
    signature: "u8",
    name: "uint8_t",
    check: integer(0, 2 ** 8 - 1),
    load: (data, offset) => data.getUint8(offset),
    store: (data, offset, value) => data.setUint8(offset, value),
  }),
  i16: scalar({
    byteLength: 2,
    signature: "i16",
    name: "int16_t",
    check: integer(-(2 ** 15), 2 ** 15 - 1),
    load: (data, offset) => data.getInt16(offset, true),
    store: (data, offset, value) => data.setInt16(offset, value, true),
  }),
  u16: scalar({
    byteLength: 2,
    signature: "u16",
    name: "uint16_t",
    check: integer(0, 2 ** 16 - 1),
    load: (data, offset) => data.getUint16(offset, true),
    store: (data, offset, value) => data.setUint16(offset, value, true),
  }),
  i32: scalar({
    byteLength: 4,
    signature: "i32",
    name: "int32_t",
    check: integer(-(2 ** 31), 2 ** 31 - 1),
    load: (data, offset) => data.getInt32(offset, true),
    store: (data, offset, value) => data.setInt32(offset, value, true),
  }),
  u32: scalar(U32),
  i64: scalar(I64),
  u64: scalar(U64),
  f32: scalar({
    byteLength: 4,
    signature: "f32",
    name: "float",
    check: checkFloat,
    load: (data, offset) => data.getFloat32(offset, true),
    store: (data, offset, value) => data.setFloat32(offset, value, true),
  }),
  f64: scalar({
    byteLength: 8,
    signature: "f64",
    name: "double",
    check: checkNumber,
    load: (data, offset) => data.getFloat64(offset, true),
    store: (data, offset, value) => data.setFloat64(offset, value, true),
  }),
  bool: scalar({
    byteLength: 1,
    signature: "bool",
    name: "bool",
    check: checkBoolean,
    load: (data, offset) => data.getUint8(offset) !== 0,
    store: (data, offset, value) => data.setUint8(offset, value ? 1 : 0),
  }),
  pointer32: scalar({ ...U32, signature: "pointer32" }),
  pointer64: scalar({ ...U64, signature: "pointer64" }),
};

/** The names of the 64-bit integer types. */
export type BigIntegerName = "i64" | "u64";

const SAFE: { readonly [N in BigIntegerName]: CType<number> } = {
  i64: safeInteger(I64, Number.MIN_SAFE_INTEGER),
  u64: safeInteger(U64, 0),
};

/**
 * Describes a 64-bit integer whose values are numbers, not bigints.
 *
 * Reading an integer that is not a safe integer (beyond ±(2^53 - 1)) throws
 * `Deno.errors.InvalidData`.
 *
 * @example Count in 64 bits without bigints
 * ```ts
 * import { safe, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Frame = struct({ number: safe("u64") });
 * const frame = Frame.view(new ArrayBuffer(8));
 * frame.number = 2 ** 40;
 * assertEquals(frame.number + 1, 1_099_511_627_777);
 * ```
 *
 * @param name The integer type, signed or unsigned.
 * @throws {TypeError} If the name is neither `"i64"` nor `"u64"`.
 */
export function safe(name: BigIntegerName): CType<number> {
  assertOneOf("the type", name, ["i64", "u64"]);
  return SAFE[name];
}

function scalar<T>({ name, ...parts }: Scalar<T>): CType<T> {
  return {
    ...parts,
    alignment: parts.byteLength,
    isValue: true,
    c: { declare: (variable) => `${name} ${variable}`, define: () => [] },
    live: parts.load,
    find: () => undefined,
  };
}

function safeInteger(wide: Scalar<bigint>, least: number): CType<number> {
  return scalar({
    ...wide,
    check: integer(least, Number.MAX_SAFE_INTEGER),
    load(data, offset, where) {
      const value = wide.load(data, offset, where);
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      throw new Deno.errors.InvalidData(
        `Expected ${where} to be a safe integer, found ${value}n; describe it as ` +
          `"${wide.signature}" to read it as a bigint`,
      );
    },
    store: (data, offset, value) => wide.store(data, offset, BigInt(value)),
  });
}

/** Returns a check for integers within a range. */
export function integer(least: number, most: number): Check<number> {
  return (value, where) => {
    assertInteger(where, value, least, most);
    return value;
  };
}

/** Returns a check for bigints within a range. */
export function bigInteger(least: bigint, most: bigint): Check<bigint> {
  return (value, where) => {
    assertBigInteger(where, value, least, most);
    return value;
  };
}

function checkNumber(value: unknown, where: string): number {
  assertNumber(where, value);
  return value;
}

/** Also throws if a finite number is too large for `float`, where it would become infinity. */
function checkFloat(value: unknown, where: string): number {
  assertNumber(where, value);
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    throw new RangeError(
      `Expected ${where} to be from -${MAX_FLOAT} to ${MAX_FLOAT}, the range of f32, got ${value}`,
    );
  }
  return value;
}

function checkBoolean(value: unknown, where: string): boolean {
  assertBoolean(where, value);
  return value;
}

/**
 * Returns the type for a scalar's name, or the type itself.
 *
 * @param where The field or variable that has the type, for the message.
 * @throws {TypeError} If `type` is neither a scalar's name nor a type.
 */
export function typeOf(type: TypeLike, where: string): CType<unknown, unknown, unknown> {
  if (isType(type)) return type;
  if (typeof type === "string" && Object.hasOwn(SCALARS, type)) return SCALARS[type];
  if (typeof type === "object" && type !== null && "width" in type) {
    throw new TypeError(
      `Expected the type of ${where} to be a type with an address, got a bit field: use bits() only ` +
        "for a field of a struct or a union, without an offset",
    );
  }
  throw new TypeError(
    `Expected the type of ${where} to be one of ${Object.keys(SCALARS).join(", ")}, or the ` +
      "result of struct(), union(), array(), bytes(), utf16(), utf8(), ansi() or safe(), or " +
      `sharedLock or sharedReadWriteLock, got ${show(type)}`,
  );
}

/** Whether a value has the properties of a type that `placeInOrder` and `placeTogether` use. */
function isType(value: unknown): value is CType<unknown, unknown, unknown> {
  return typeof value === "object" && value !== null &&
    "signature" in value && typeof value.signature === "string" &&
    "byteLength" in value && typeof value.byteLength === "number" &&
    "alignment" in value && typeof value.alignment === "number" &&
    "check" in value && typeof value.check === "function";
}

/** The integer types that a bit field can have. */
export type BitUnit = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64";

const UNITS = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"] as const;

/** A field of some bits of an integer, made by {@linkcode bits}. */
export interface BitField<N extends BitUnit = BitUnit> {
  /** The integer type in the C declaration. */
  readonly unit: N;
  /** The number of bits. */
  readonly width: number;
}

/** The type of a bit field at a position in its unit. */
type Bits = CType<unknown, unknown, unknown>;

/**
 * Describes a bit field: `uint32_t ready : 1`.
 *
 * Adjacent bit fields share an integer, their unit, as with Microsoft's compiler: if their types
 * have the same size, and the unit has enough bits left. Writing a bit field reads the unit,
 * changes the bits, and writes the unit. So two processes must not write bits of one unit at the
 * same time.
 *
 * @example Read two bit fields of one integer
 * ```ts
 * import { bits, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Status = struct({ ready: bits("u32", 1), mode: bits("u32", 3) });
 * assertEquals(Status.byteLength, 4);
 * assertEquals(Status.read(Uint8Array.of(0b1011, 0, 0, 0)), { ready: 1, mode: 5 });
 * ```
 *
 * @param unit The integer type in the C declaration.
 * @param width The number of bits, from 1 to the size of the unit.
 * @throws {TypeError} If the unit is invalid.
 * @throws {RangeError} If the width is out of range.
 */
export function bits<const N extends BitUnit>(unit: N, width: number): BitField<N> {
  assertBitField({ unit, width });
  return { unit, width };
}

/** Throws unless a bit field's unit is valid and its width fits into the unit. */
export function assertBitField({ unit, width }: BitField): void {
  assertOneOf("the unit of a bit field", unit, UNITS);
  assertInteger("the width of a bit field", width, 1, SCALARS[unit].byteLength * 8);
}

/**
 * Returns the type of a bit field at a position in its unit.
 *
 * @param shift The position: the number of lower bits in the unit.
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

/** The functions of a type that read and write the bits. */
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

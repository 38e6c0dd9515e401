/**
 * C types: how many bytes a value takes, and how it is read and written there.
 *
 * @module
 */

/** The most bytes that a type may have, as with the compilers for Windows. */
export const MAX_BYTES: number = 2 ** 31 - 1;

/**
 * A type as C has it.
 *
 * @typeParam Value What a value of it is in JavaScript, when it is copied out.
 * @typeParam Live What stands for it while it stays in the memory: the value itself for numbers
 *   and texts, a view for structs and arrays.
 * @typeParam Input What can be written.
 */
export interface CType<Value, Live = Value, Input = Value> {
  /** The size in bytes, as `sizeof` gives it. */
  readonly byteLength: number;
  /** What its address is a multiple of, in bytes, where nothing packs it. */
  readonly alignment: number;
  /** What it is, in a few characters: two types with the same are the same. */
  readonly signature: string;
  /** How it is written in C. */
  readonly c: CSource;
  /** Whether the live form is the value itself, and no view. */
  readonly isValue: boolean;
  /**
   * Throws unless a value can be written.
   *
   * @param where The name of the field, for the message.
   * @returns The value to write: a copy, unless it is a number, a truth value or a text.
   */
  check(value: unknown, where: string): Input;
  /** Writes a value that has been checked. */
  store(data: DataView, offset: number, value: Input): void;
  /** Copies the value out. */
  load(data: DataView, offset: number, where: string): Value;
  /** Gives what stands for it in the memory. */
  live(data: DataView, offset: number, where: string): Live;
  /** Finds what a path leads to from here, such as `[2].x`; `undefined` if it leads nowhere. */
  find(path: string): FoundField | undefined;
}

/** How a type is written in C. */
export interface CSource {
  /**
   * Declares something of this type.
   *
   * @param typeName The name of the type, if it needs one.
   */
  declare(name: string, typeName: string): string;
  /** Defines what has to be known before, a line each. */
  define(typeName: string): string[];
}

/** A field, found by its path. */
export interface FoundField {
  /** Where it is, in bytes. */
  offset: number;
  /** Its type. */
  type: CType<unknown, unknown, unknown>;
}

/** The scalar types, and what their values are in JavaScript. */
export interface ScalarValues {
  /** `int8_t`, `signed char` */
  i8: number;
  /** `uint8_t`, `BYTE` */
  u8: number;
  /** `int16_t`, `short` */
  i16: number;
  /** `uint16_t`, `WORD` */
  u16: number;
  /** `int32_t`, `int`, `LONG`, `BOOL` */
  i32: number;
  /** `uint32_t`, `DWORD` */
  u32: number;
  /** `int64_t`, `LONGLONG` */
  i64: bigint;
  /** `uint64_t`, `ULONGLONG` */
  u64: bigint;
  /** `float` */
  f32: number;
  /** `double` */
  f64: number;
  /** `bool`, `BOOLEAN`: one byte, and all but 0 is true. */
  bool: boolean;
  /** A pointer of a 32-bit process, which only that process can follow. */
  pointer32: number;
  /** A pointer of a 64-bit process, which only that process can follow. */
  pointer64: bigint;
}

/** A scalar type by its name. */
export type ScalarName = keyof ScalarValues;

/** A type: a scalar by its name, or what `struct`, `array`, `utf16` and the like give. */
export type TypeLike = ScalarName | CType<unknown, unknown, unknown>;

/** What a value of a type is when it is copied out. */
export type ValueOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<infer Value, unknown, unknown> ? Value
  : never;

/** What stands for a value of a type while it stays in the memory. */
export type LiveOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<unknown, infer Live, unknown> ? Live
  : never;

/** What can be written as a value of a type. */
export type InputOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<unknown, unknown, infer Input> ? Input
  : never;

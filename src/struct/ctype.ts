/**
 * C types: the size and alignment of a value, and how it is read and written.
 *
 * @module
 */

/**
 * A C type.
 *
 * @typeParam Value The JavaScript type of a value that is copied out of the memory.
 * @typeParam Live The type of a property of a view: `Value` for numbers and texts, a view for
 *   structs and arrays.
 * @typeParam Input The type of values that can be written.
 */
export interface CType<Value, Live = Value, Input = Value> {
  /** The size in bytes, as `sizeof` returns it. */
  readonly byteLength: number;
  /** The alignment in bytes, without `pack`. The address of a value is a multiple of it. */
  readonly alignment: number;
  /** A short description of the type. Two types with equal signatures are the same type. */
  readonly signature: string;
  /** The type's declarations in C. */
  readonly c: CSource;
  /** Whether {@linkcode CType.live} returns a value, not a view. */
  readonly isValue: boolean;
  /**
   * Whether {@linkcode CType.live} returns a `Uint8Array`, which does not throw after its memory is
   * unmapped. So a view of a struct throws instead. @default false
   */
  readonly isBytes?: boolean;
  /**
   * Whether the value works only at its place in the memory, as a lock does. Then views and structs
   * never copy its bytes. A union, a `LatestValue` and `readConsistent` refuse it.
   *
   * @default false
   */
  readonly isPinned?: boolean;
  /**
   * Checks a value, and returns what {@linkcode CType.store} writes: a number, a boolean or a
   * text as it is, bytes as an array over them, anything else as a copy. Throws if the value cannot
   * be written.
   *
   * @param where The path of the field, for the message.
   * @param into The memory to write to. Bytes of the same buffer are copied, because writing
   *   another field could change them.
   */
  check(value: unknown, where: string, into?: DataView): Input;
  /** Writes a value that {@linkcode CType.check} returned. */
  store(data: DataView, offset: number, value: Input): void;
  /** Copies the value out of the memory. */
  load(data: DataView, offset: number, where: string): Value;
  /** Reads the value, or returns a view of a struct or an array. */
  live(data: DataView, offset: number, where: string): Live;
  /** Finds the part at a path such as `[2].x`. Returns `undefined` if there is none. */
  find(path: string): FoundField | undefined;
  /** Returns the counters of a struct's or an array's integers. Other types lack this method. */
  countersAt?(data: DataView, offset: number, where: string): object;
}

/** Writes a type's declarations in C. */
export interface CSource {
  /**
   * Returns the declaration of a variable or a field of this type, without the semicolon.
   *
   * @param typeName The name of the type. Only structs and unions use it.
   */
  declare(name: string, typeName: string): string;
  /** Returns the lines that define the types which the declaration needs. */
  define(typeName: string): string[];
}

/** A part of a type, found by its path. */
export interface FoundField {
  /** The offset in bytes. */
  offset: number;
  /** The type of the part. */
  type: CType<unknown, unknown, unknown>;
}

/** The scalar types by name, with the JavaScript type of their values. */
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
  /** `bool`, `BOOLEAN`: one byte. Every value except 0 is `true`. */
  bool: boolean;
  /** A pointer in a 32-bit process. Only that process can use it. */
  pointer32: number;
  /** A pointer in a 64-bit process. Only that process can use it. */
  pointer64: bigint;
}

/** The name of a scalar type. */
export type ScalarName = keyof ScalarValues;

/** A type: the name of a scalar, or the result of `struct`, `union`, `array`, `utf16` and so on. */
export type TypeLike = ScalarName | CType<unknown, unknown, unknown>;

/** The JavaScript type of a value that is copied out of the memory. */
export type ValueOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<infer Value, unknown, unknown> ? Value
  : never;

/** The JavaScript type of a property of a view: a value, or a view of a struct or an array. */
export type LiveOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<unknown, infer Live, unknown> ? Live
  : never;

/** The JavaScript type of values that can be written. */
export type InputOf<T> = T extends ScalarName ? ScalarValues[T]
  : T extends CType<unknown, unknown, infer Input> ? Input
  : never;

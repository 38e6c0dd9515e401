/**
 * C structs and unions: the offsets of their fields, and typed access to them in memory.
 *
 * @module
 */

import {
  assertNumber,
  assertOptions,
  integerFrom,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import type { ArrayType, ArrayView } from "./array.ts";
import type { Counter, CounterArray, CounterName, CounterValue } from "./counter.ts";
import type { CType, InputOf, LiveOf, ScalarValues, ValueOf } from "./ctype.ts";
import { type FieldAt, type Fields, placeInOrder, placeTogether } from "./placement.ts";
import { type AnyLayout, RecordType, type StructArrayOptions } from "./record.ts";
import { type BitField, MAX_BYTES } from "./scalar.ts";
import type { MessageLayout } from "./tagged.ts";
import type { StructTarget } from "./target.ts";

/** The type of a field, with or without an offset. */
export type TypeOf<F> = F extends FieldAt<infer T> ? T : F;

/** The JavaScript type of a field's value that is copied out of the memory. */
export type FieldValue<F> = F extends BitField<infer N> ? ScalarValues[N] : ValueOf<TypeOf<F>>;

/** The JavaScript type of a field in a view: a value, or a view of a struct or an array. */
export type FieldLive<F> = F extends BitField<infer N> ? ScalarValues[N] : LiveOf<TypeOf<F>>;

/** The JavaScript type of values that can be written to a field. */
export type FieldInput<F> = F extends BitField<infer N> ? ScalarValues[N] : InputOf<TypeOf<F>>;

/** The values of a struct's fields, copied out of the memory. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: FieldValue<F[K]> };

/** Values for some of a struct's fields. */
export type StructInput<F extends Fields> = { readonly [K in keyof F]?: FieldInput<F[K]> };

/**
 * A struct's fields in memory: numbers, texts, and views of structs and arrays. All of them can be
 * assigned to.
 *
 * TypeScript cannot describe a property that returns a view and accepts plain values. So it accepts
 * only a view for an array, and only all fields for a struct. At run time, an array of values or
 * some fields of a struct can be assigned, too. In TypeScript, pass these to `Layout.write`.
 */
export type StructView<F extends Fields> = { -readonly [K in keyof F]: FieldLive<F[K]> };

/**
 * The counters of a type: a {@linkcode Counter} for an integer, an object of them for a struct, a
 * {@linkcode CounterArray} for an array. Other types have none.
 */
export type CountersOf<T> = T extends CounterName ? Counter<CounterValue<T>>
  : T extends ArrayType<infer E>
    ? [CountersOf<E>] extends [never] ? never : CounterArray<CountersOf<E>>
  : T extends Layout<infer F> ? StructCounters<F>
  : never;

/** The counters of a struct's integers, nested structs and arrays, by field. */
export type StructCounters<F extends Fields> = {
  readonly [K in keyof F as [CountersOf<TypeOf<F[K]>>] extends [never] ? never : K]: CountersOf<
    TypeOf<F[K]>
  >;
};

/**
 * The method that a view of a struct has beside the fields. A field called `toJSON` replaces the
 * method. In that case pass the copy that `Layout.read` returns to `JSON.stringify`.
 */
export type StructJson<F extends Fields> = "toJSON" extends keyof F ? unknown
  : {
    /** Copies the fields for `JSON.stringify`. 64-bit integers become decimal strings. */
    toJSON(): { [K in keyof F]: unknown };
  };

/** Options of {@linkcode struct} and {@linkcode union}. */
export interface StructOptions {
  /**
   * The maximum alignment of a field, in bytes, as in `#pragma pack`. No type here is aligned to
   * more than 8 bytes, so 16 and 8 result in the same layout. @default 8
   */
  pack?: 1 | 2 | 4 | 8 | 16;
  /**
   * The size in bytes, if it is greater than the fields need: the rest at the end is padding. It is
   * a multiple of the alignment. @default the size that the fields need
   */
  byteLength?: number;
}

/** The checks of {@linkcode StructOptions}, by option. */
export const STRUCT_CHECKS: OptionChecks<StructOptions> = {
  pack: assertPack,
  byteLength: integerFrom(1, MAX_BYTES),
};

/** The layout of a struct: the offsets of its fields, and access to them in any memory. */
export interface Layout<F extends Fields>
  extends
    CType<StructValue<F>, StructView<F>, StructInput<F>>,
    MessageLayout<StructValue<F>, StructInput<F>, StructView<F> & StructJson<F>> {
  /**
   * The FNV-1a hash (64 bits) of the names, types and offsets. Processes that store it in shared
   * memory can check that they use the same layout.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9923}
   */
  readonly layoutHash: bigint;
  /**
   * Returns a live view of the struct in memory. An assignment writes to the memory, and each read
   * returns the current value, which another process can have written.
   *
   * A view is an object: create it once and keep it. An access allocates nothing, except for texts,
   * bigints, and assignments to arrays and structs.
   *
   * An assignment to an array or a struct is checked completely before anything is written, as in
   * {@linkcode Layout.write}. Assigning to a field that does not exist throws a TypeError. So does
   * assigning to an element by its index, `view.position[1]`: call `view.position.set(1, …)`.
   *
   * `SharedMemory.open` and `waitFor` open memory read-only by default. Each assignment to memory
   * that is mapped with `"read"` throws a TypeError. (Windows would give this process a private
   * copy of the page.) To write, open the memory with `access: "readwrite"`.
   *
   * `JSON.stringify` writes the fields of a view, and 64-bit integers as decimal strings. (For a
   * copy from {@linkcode Layout.read}, it writes typed arrays as objects, and throws if the copy
   * contains a bigint.) A view cannot be cloned
   * or spread: `sendValue`, `structuredClone`, `postMessage` and `{...view}` throw. Pass them the
   * copy instead. `Object.keys(view)` and `Object.entries(view)` are empty.
   *
   * Each field is read on its own, so another process can write between two reads. Guard the
   * fields, such as by a mutex, if they must match. After the memory is unmapped, each access
   * throws a TypeError.
   *
   * @param byteOffset The offset of the struct in the memory, in bytes: 0 by default.
   * @throws {RangeError} If the struct is not within the memory.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  view(target: StructTarget, byteOffset?: number): StructView<F> & StructJson<F>;
  /**
   * Copies all fields out of the memory: arrays of numbers as typed arrays, such as a
   * `Float32Array` for `array("f32", 3)`.
   *
   * @param byteOffset The offset of the struct in the memory, in bytes: 0 by default.
   * @throws {RangeError} If the struct is not within the memory.
   * @throws {Deno.errors.InvalidData} If a field of a `safe()` type is not a safe integer.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  read(target: StructTarget, byteOffset?: number): StructValue<F>;
  /**
   * Writes the given fields and does not change the rest. All values are checked first, so a wrong
   * value writes nothing. Views of structs, unions and arrays are copied. An array or bytes can be
   * shorter than the field: the rest of the field keeps its values.
   *
   * @param byteOffset The offset of the struct in the memory, in bytes: 0 by default.
   * @throws {TypeError} If a value is of the wrong kind (the message names the field), or the
   *   memory is mapped read-only.
   * @throws {RangeError} If a value is out of range, or the struct is not within the memory.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  write(target: StructTarget, values: StructInput<F>, byteOffset?: number): void;
  /**
   * Returns a view of structs at equal distances. Use it for memory whose header gives the offset,
   * the distance and the number of its structs. Newer versions of such programs append fields, so
   * the distance can be greater than the size of the struct.
   *
   * In C: `(Reading *)((char *)header + header->offset + i * header->stride)`.
   *
   * @example Read structs whose distance a header gives
   * ```ts
   * import { struct } from "@winipc/winipc/struct";
   * import { assertEquals } from "@std/assert";
   *
   * const Header = struct({ offset: "u32", stride: "u32", count: "u32" });
   * const Reading = struct({ id: "u32", value: "f64" });
   * const memory = new ArrayBuffer(100);
   * Header.write(memory, { offset: 12, stride: 24, count: 3 });
   *
   * const readings = Reading.array(memory, Header.read(memory));
   * readings.get(2).value = 1.5;
   * assertEquals(readings.length, 3);
   * assertEquals(readings.values()[2], { id: 0, value: 1.5 });
   * assertEquals(Reading.read(memory, 12 + 2 * 24).value, 1.5);
   * ```
   *
   * @returns A view whose `get()` returns live views, and whose `values()` copies all structs.
   * @throws {RangeError} If the distance is less than the size of the struct, or a struct is not
   *   within the memory. Without structs, any offset is allowed.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  array(
    target: StructTarget,
    options: StructArrayOptions,
  ): ArrayView<StructView<F> & StructJson<F>, StructInput<F>, StructValue<F>[]>;
  /**
   * Returns the struct's integers as counters, which several processes can change at the same time:
   * each operation is atomic. Nested structs and arrays of integers or structs are included.
   *
   * The C counterparts are the `Interlocked` functions, such as
   * `InterlockedOr((volatile LONG *)&telemetry->busy, 1)`, and fields that C11 or C++ declares as
   * `_Atomic` or `std::atomic`. Bit fields, `"bool"`, pointers and `safe()` have no counters.
   *
   * A counter is an object: create it once and keep it. After the memory is unmapped, each
   * operation throws a TypeError. If the memory is mapped read-only, only `load()` does not throw.
   *
   * @example Set a bit that another program waits for
   * ```ts
   * import { array, struct } from "@winipc/winipc/struct";
   * import { assertEquals } from "@std/assert";
   *
   * const Header = struct({ busy: "u32", frames: "u64", laps: array("u32", 4) });
   * const memory = new ArrayBuffer(Header.byteLength);
   * const counters = Header.counters(memory);
   * assertEquals(counters.busy.or(1), 0);
   * counters.frames.add(1n);
   * counters.laps.get(2).add(5);
   * assertEquals(counters.busy.compareExchange(1, 0), 1);
   * assertEquals(Header.read(memory), { busy: 0, frames: 1n, laps: Uint32Array.of(0, 0, 5, 0) });
   * ```
   *
   * @param byteOffset The offset of the struct in the memory, in bytes: 0 by default.
   * @throws {RangeError} If the struct is not within the memory. Reading a property throws it, too,
   *   if the integer is not at a multiple of its size, because `pack` or `byteOffset` places it so.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  counters(target: StructTarget, byteOffset?: number): StructCounters<F>;
  /**
   * Returns the offset of a field in bytes. For a bit field this is the offset of its unit.
   *
   * @param path The path of the field, such as `position` or `wheels[2].pressure`.
   * @throws {TypeError} If there is no such field.
   */
  offsetOf(path: string): number;
  /**
   * Returns the declaration of the struct in C, which needs `<stdbool.h>`, `<stdint.h>` and
   * `<wchar.h>`.
   *
   * @throws {TypeError} If the name is invalid, or the name or a field has another meaning in C or
   *   C++.
   */
  toC(name: string): string;
}

/**
 * Describes a C struct with the layout of Microsoft's compiler. Each field is at the next multiple
 * of its alignment, and numbers are little-endian.
 *
 * @example Write and read a struct in shared memory
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { array, struct, utf16 } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Telemetry = struct({
 *   version: "u32",
 *   position: array("f32", 3),
 *   track: utf16(32),
 * });
 * using memory = SharedMemory.anonymous(Telemetry.byteLength);
 * using view = memory.map();
 *
 * const telemetry = Telemetry.view(view);
 * telemetry.version = 2;
 * telemetry.track = "Spa";
 * Telemetry.write(view, { position: [1, 2, 3] });
 * assertEquals(Telemetry.offsetOf("position[1]"), 8);
 * const position = Float32Array.of(1, 2, 3);
 * assertEquals(Telemetry.read(view), { version: 2, position, track: "Spa" });
 * assertEquals(JSON.stringify(telemetry), '{"version":2,"position":[1,2,3],"track":"Spa"}');
 * ```
 *
 * @example Leave room for fields of later versions
 * ```ts
 * import { struct } from "@winipc/winipc/struct";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * const Page = struct({ version: "u32", gear: "i32" }, { byteLength: 64 });
 * assertEquals(Page.byteLength, 64);
 * assertStringIncludes(Page.toC("Page"), "uint8_t _padding_at_8[56];");
 * ```
 *
 * @param fields The fields by name, in the order of their offsets. Each is a type, a bit field, or
 *   `{ type, offset }`.
 * @throws {TypeError} If a name or a type is invalid.
 * @throws {RangeError} If an offset is not aligned, or less than the end of the previous field; or
 *   if the size is less than the fields need, or not a multiple of the alignment.
 * @see {@link https://learn.microsoft.com/cpp/build/x64-software-conventions#types-and-storage}
 */
export function struct<const F extends Fields>(fields: F, options?: StructOptions): Layout<F>;
export function struct(fields: Fields, options: StructOptions = {}): AnyLayout {
  assertOptions(options, STRUCT_CHECKS);
  const { pack = 8, byteLength } = options;
  return new RecordType("struct", placeInOrder(fields, pack, byteLength), pack);
}

/**
 * Describes a C union: all fields begin at offset 0. `write` accepts exactly one field.
 *
 * @example Read the bits of a float
 * ```ts
 * import { struct, union } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Event = struct({ kind: "u32", value: union({ number: "f32", bits: "u32" }) });
 * const event = Event.view(new ArrayBuffer(Event.byteLength));
 * event.value.number = 1;
 * assertEquals(event.value.bits, 0x3f80_0000);
 * ```
 *
 * @param fields The fields by name. Each is a type or a bit field.
 * @throws {TypeError} If a name or a type is invalid, or a field has an offset.
 * @throws {RangeError} If the size is less than the fields need, or not a multiple of the
 *   alignment.
 */
export function union<const F extends Fields>(fields: F, options?: StructOptions): Layout<F>;
export function union(fields: Fields, options: StructOptions = {}): AnyLayout {
  assertOptions(options, STRUCT_CHECKS);
  const { pack = 8, byteLength } = options;
  return new RecordType("union", placeTogether(fields, pack, byteLength), pack);
}

function assertPack(what: string, pack: unknown): void {
  if (pack === 1 || pack === 2 || pack === 4 || pack === 8 || pack === 16) return;
  assertNumber(what, pack);
  throw new RangeError(`Expected ${what} to be 1, 2, 4, 8 or 16, got ${pack}`);
}

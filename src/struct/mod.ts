/**
 * Typed access to C structs in memory: fields, arrays, bit fields, unions and texts.
 *
 * ```ts
 * import { struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Position = struct({ x: "f64", y: "f64" });
 * const view = Position.view(new Uint8Array(Position.byteLength));
 * view.x = 1.5;
 * assertEquals(view.toJSON(), { x: 1.5, y: 0 });
 * ```
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export { array, type ArrayInput, type ArrayType, type ArrayValue } from "./array.ts";
export type { ArrayView } from "./array.ts";
export { bytes, type BytesType } from "./text.ts";
export type { Counter, CounterName, CounterValue } from "./counter.ts";
export type { CounterArray } from "./counter.ts";
export type { NumberArrays, NumberName } from "./array.ts";
export { type BigIntegerName, type BitField, bits, type BitUnit, safe } from "./scalar.ts";
export type {
  CSource,
  CType,
  FoundField,
  InputOf,
  LiveOf,
  ScalarName,
  ScalarValues,
  TypeLike,
  ValueOf,
} from "./ctype.ts";
export type { Field, FieldAt, Fields } from "./placement.ts";
export { ansi, type TextOptions, type TextType, utf16, utf8 } from "./text.ts";
export type { StructArrayOptions } from "./record.ts";
export type { StructTarget } from "./target.ts";
export {
  type CaseLayout,
  type Cases,
  type MessageLayout,
  type MessageViews,
  type Tagged,
  tagged,
  type TaggedInput,
  type TaggedValue,
  type TaggedView,
} from "./tagged.ts";
export {
  type CounterPair,
  readConsistent,
  type ReadConsistentOptions,
  type Seqlock,
  type SequenceCounter,
} from "./consistent.ts";
export {
  type NewestBytes,
  type NewestValue,
  readNewest,
  type ReadNewestOptions,
  type TickedBuffer,
} from "./consistent.ts";
export {
  type CountersOf,
  type FieldInput,
  type FieldLive,
  type FieldValue,
  type Layout,
  struct,
  type StructCounters,
  type StructInput,
  type StructJson,
  type StructOptions,
  type StructValue,
  type StructView,
  type TypeOf,
  union,
} from "./layout.ts";

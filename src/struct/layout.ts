/**
 * C structs: where their fields are in the memory, and typed access to them.
 *
 * @module
 */

import {
  assertBytes,
  assertInteger,
  assertNumber,
  assertObject,
  assertOptions,
  assertString,
  type ByteSource,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import type { BitField } from "./scalar.ts";
import { defineType } from "./c_source.ts";
import type {
  CSource,
  CType,
  FoundField,
  InputOf,
  LiveOf,
  ScalarValues,
  ValueOf,
} from "./ctype.ts";
import { assertWritable, copied, FieldView, loadFields, pathTo } from "./field_view.ts";
import {
  assertFieldName,
  type FieldAt,
  type Fields,
  type PlacedField,
  placeInOrder,
  type Placement,
  placeTogether,
} from "./placement.ts";

/** The type of a field, wherever it is. */
export type TypeOf<F> = F extends FieldAt<infer T> ? T : F;

/** What is in a field when it is copied out. */
export type FieldValue<F> = F extends BitField<infer N> ? ScalarValues[N] : ValueOf<TypeOf<F>>;

/** What stands for a field while it stays in the memory. */
export type FieldLive<F> = F extends BitField<infer N> ? ScalarValues[N] : LiveOf<TypeOf<F>>;

/** What can be written to a field. */
export type FieldInput<F> = F extends BitField<infer N> ? ScalarValues[N] : InputOf<TypeOf<F>>;

/** The values of a struct's fields, copied out. */
export type StructValue<F extends Fields> = { -readonly [K in keyof F]: FieldValue<F[K]> };

/** Values for some of a struct's fields. */
export type StructInput<F extends Fields> = { readonly [K in keyof F]?: FieldInput<F[K]> };

/**
 * A struct's fields in the memory: numbers, texts, and views of structs and arrays. All of them can
 * be assigned to. TypeScript cannot describe a property that gives a view and takes plain values. So
 * it accepts only a view for an array, and only all fields for a struct. At run time, an array of
 * values or some fields of a struct can be assigned, too; in TypeScript, pass these to `Layout.write`.
 */
export type StructView<F extends Fields> = { -readonly [K in keyof F]: FieldLive<F[K]> };

/**
 * The method that a view of a struct has beside the fields. A field called `toJSON` replaces the method:
 * then give `JSON.stringify` the copy of `Layout.read`.
 */
export type StructJson<F extends Fields> = "toJSON" extends keyof F ? unknown
  : {
    /** Copies the fields out for `JSON.stringify`: 64-bit integers are decimal strings. */
    toJSON(): { [K in keyof F]: unknown };
  };

/** Memory that a struct is in: bytes, or an object that has `bytes`, such as a `MappedView` or a `RingClaim`. */
export type StructTarget = ByteSource | { readonly bytes: ByteSource };

/** How a struct is laid out. */
export interface StructOptions {
  /**
   * The most that a field is aligned to, in bytes, as for `#pragma pack`. No type here is aligned to more
   * than 8 bytes, so 16 and 8 give the same layout. @default 8
   */
  pack?: 1 | 2 | 4 | 8 | 16;
}

/** The checks of {@linkcode StructOptions}. */
export const STRUCT_CHECKS: OptionChecks<StructOptions> = { pack: assertPack };

/** What is known of a struct: where its fields are, and access to them in any memory. */
export interface Layout<F extends Fields>
  extends CType<StructValue<F>, StructView<F>, StructInput<F>> {
  /**
   * A number that tells this layout from others: the FNV-1a hash (64 bits) of names, types and
   * offsets. Peers that put it into their memory can see whether they mean the same.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9923}
   */
  readonly layoutHash: bigint;
  /**
   * Gives live access to the struct in a memory: what is assigned is written there, and what
   * others write is seen. No access allocates anything, but for texts, bigints, and assignments to
   * arrays and structs. To make a view allocates; make it once.
   *
   * An assignment to an array or a struct is checked whole before it is written, as
   * {@linkcode Layout.write} does. Assigning to a field that does not exist throws a TypeError. So does
   * assigning to an element by its index, `view.position[1]`: call `view.position.set(1, …)`.
   *
   * `SharedMemory.open` and `waitFor` open memory to read by default. In memory that is mapped with
   * `"read"`, any assignment throws a TypeError, because Windows would give this process a private copy
   * of the page. To write, open the memory with `access: "readwrite"`.
   *
   * `JSON.stringify` writes the fields of a view, 64-bit integers as decimal strings. (Of the copy that
   * {@linkcode Layout.read} gives, it throws if there is a bigint.) A view cannot be cloned or spread:
   * `sendValue`, `structuredClone`, `postMessage` and `{...view}` throw. Give them the copy instead.
   * `Object.keys(view)` and `Object.entries(view)` are empty.
   *
   * Two fields are never read at one moment; guard them if that matters. A view of memory that
   * is unmapped throws a TypeError from then on.
   *
   * @param byteOffset Where in it the struct begins, in bytes.
   * @throws {RangeError} If the struct is not within the memory.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  view(target: StructTarget, byteOffset?: number): StructView<F> & StructJson<F>;
  /**
   * Copies all fields out.
   *
   * @param byteOffset Where in it the struct begins, in bytes.
   * @throws {RangeError} If the struct is not within the memory.
   * @throws {Deno.errors.InvalidData} If a 64-bit field that is to be read as a number holds too much.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  read(target: StructTarget, byteOffset?: number): StructValue<F>;
  /**
   * Writes some fields and leaves the others as they are. Either all of them are written or,
   * if one of the values is wrong, none. Views of structs, unions and arrays are copied.
   *
   * @param byteOffset Where in it the struct begins, in bytes.
   * @throws {TypeError} If a value is of the wrong kind, and the message names the field; or if the
   *   memory is mapped to be read.
   * @throws {RangeError} If a value is out of range, or the struct is not within the memory.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   */
  write(target: StructTarget, values: StructInput<F>, byteOffset?: number): void;
  /**
   * Tells where a field is, in bytes from the beginning; for a bit field, where its unit is.
   *
   * @param path The field, such as `position` or `wheels[2].pressure`.
   * @throws {TypeError} If there is no such field.
   */
  offsetOf(path: string): number;
  /**
   * Declares the struct in C. It needs `<stdbool.h>`, `<stdint.h>` and `<wchar.h>`.
   *
   * @throws {TypeError} If the name is invalid, or C or C++ cannot declare it or the name of a field.
   */
  toC(name: string): string;
}

/**
 * Describes a C struct, laid out as Microsoft's compiler does it: each field at the next multiple
 * of its alignment, little-endian.
 *
 * @example
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
 * assertEquals(Telemetry.read(view), { version: 2, position: [1, 2, 3], track: "Spa" });
 * assertEquals(JSON.stringify(telemetry), '{"version":2,"position":[1,2,3],"track":"Spa"}');
 * ```
 *
 * @param fields The fields, in their order: types, bit fields, or `{ type, offset }`.
 * @param options How they are laid out.
 * @throws {TypeError} If a name or a type is invalid.
 * @throws {RangeError} If an offset is before the end of the field before it, or not aligned.
 * @see {@link https://learn.microsoft.com/cpp/build/x64-software-conventions#types-and-storage}
 */
export function struct<const F extends Fields>(fields: F, options?: StructOptions): Layout<F>;
export function struct(fields: Fields, options: StructOptions = {}): AnyLayout {
  assertOptions(options, STRUCT_CHECKS);
  const { pack = 8 } = options;
  return new RecordType("struct", placeInOrder(fields, pack), pack);
}

/**
 * Describes a C union: all fields begin at the same place, and writing takes exactly one of them.
 *
 * @example
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
 * @param fields The fields: types or bit fields.
 * @param options How they are laid out.
 * @throws {TypeError} If a name or a type is invalid, or a field has an offset.
 */
export function union<const F extends Fields>(fields: F, options?: StructOptions): Layout<F>;
export function union(fields: Fields, options: StructOptions = {}): AnyLayout {
  assertOptions(options, STRUCT_CHECKS);
  const { pack = 8 } = options;
  return new RecordType("union", placeTogether(fields, pack), pack);
}

/** A struct or a union whose fields are known at run time only. */
interface AnyLayout extends CType<unknown, unknown, unknown> {
  readonly layoutHash: bigint;
  view(target: StructTarget, byteOffset?: number): unknown;
  read(target: StructTarget, byteOffset?: number): unknown;
  write(target: StructTarget, values: object, byteOffset?: number): void;
  offsetOf(path: string): number;
  toC(name: string): string;
}

/** What is to be written: some fields by their names, or the bytes of all. */
type Checked = Record<string, unknown> | Uint8Array<ArrayBuffer>;

const MEMORY = "the struct's memory (what memory.map() gives, or bytes)";

/** Fields that have their places. */
class RecordType implements AnyLayout {
  readonly byteLength: number;
  readonly alignment: number;
  readonly signature: string;
  readonly layoutHash: bigint;
  readonly isValue = false;
  readonly c: CSource;
  readonly #keyword: "struct" | "union";
  readonly #placed: readonly PlacedField[];
  readonly #fields: ReadonlyMap<string, PlacedField>;
  readonly #viewOf: (data: DataView) => FieldView;

  constructor(keyword: "struct" | "union", placement: Placement, pack: number) {
    const { fields, byteLength, alignment } = placement;
    this.byteLength = byteLength;
    this.alignment = alignment;
    const parts = fields.map(({ name, type, offset }) => `${name}@${offset}:${type.signature}`);
    this.signature = `${keyword}{${parts.join()}}${byteLength}`;
    this.layoutHash = fnv1a(this.signature);
    this.c = {
      declare: (name, typeName) => `${typeName} ${name}`,
      define: (typeName) => defineType(keyword, typeName, placement, pack),
    };
    this.#keyword = keyword;
    this.#placed = fields;
    this.#fields = new Map(fields.map((field) => [field.name, field]));
    this.#viewOf = FieldView.over(fields);
  }

  view(target: StructTarget, byteOffset: number = 0): FieldView {
    return this.#viewOf(this.#dataOf(target, byteOffset));
  }

  read(target: StructTarget, byteOffset: number = 0): Record<string, unknown> {
    return this.load(this.#dataOf(target, byteOffset), 0, "");
  }

  write(target: StructTarget, values: object, byteOffset: number = 0): void {
    const data = this.#dataOf(target, byteOffset);
    assertWritable("the struct", data.buffer);
    this.store(data, 0, this.check(values, ""));
  }

  offsetOf(path: string): number {
    assertString("the path", path);
    const found = this.find(`.${path}`);
    if (found === undefined) throw new TypeError(`There is no field ${JSON.stringify(path)}`);
    return found.offset;
  }

  toC(name: string): string {
    assertString("the name", name);
    assertFieldName(name);
    return this.c.define(name).join("\n") + "\n";
  }

  check(value: unknown, where: string): Checked {
    // As C assigns a struct; only so can a union be copied, of which nobody knows the field that counts.
    const bytes = FieldView.bytesOf(value, this.#placed);
    if (bytes !== undefined) return bytes;
    const values = copied(value);
    assertObject(where === "" ? "the values" : where, values);
    const checked: Record<string, unknown> = {};
    const entries = Object.entries(values);
    assertOwn(where, values, this.#fields.keys());
    for (const [name, input] of entries) {
      const field = this.#fields.get(name);
      if (field === undefined) throw new TypeError(`There is no field ${pathTo(where, name)}`);
      checked[name] = field.type.check(input, pathTo(where, name));
    }
    if (this.#keyword === "union" && entries.length !== 1) {
      throw new TypeError(
        `Expected exactly one field of ${where || "the union"}, got ${entries.length}`,
      );
    }
    return checked;
  }

  store(data: DataView, offset: number, value: Checked): void {
    if (value instanceof Uint8Array) {
      new Uint8Array(data.buffer, data.byteOffset + offset, this.byteLength).set(value);
      return;
    }
    for (const name of Object.keys(value)) {
      const field = this.#fields.get(name);
      field?.type.store(data, offset + field.offset, value[name]);
    }
  }

  load(data: DataView, offset: number, where: string): Record<string, unknown> {
    return loadFields(this.#fields.values(), data, offset, where);
  }

  live(data: DataView, offset: number): FieldView {
    return this.#viewOf(new DataView(data.buffer, data.byteOffset + offset, this.byteLength));
  }

  find(path: string): FoundField | undefined {
    const [, name = "", rest = ""] = /^\.([A-Za-z0-9_]+)(.*)$/.exec(path) ?? [];
    const field = this.#fields.get(name);
    if (field === undefined || rest === "") return field;
    const found = field.type.find(rest);
    return found && { ...found, offset: field.offset + found.offset };
  }

  #dataOf(memory: StructTarget, byteOffset: number): DataView {
    const isArray = memory instanceof Uint8Array;
    const target: unknown = !isArray && hasBytes(memory) ? memory.bytes : memory;
    // Every other kind, and what may have lost its bytes, is looked at more closely.
    if (!(target instanceof Uint8Array) || target.length === 0) assertBytes(MEMORY, target);
    const [buffer, start] = ArrayBuffer.isView(target)
      ? [target.buffer, target.byteOffset]
      : [target, 0];
    assertInteger("byteOffset", byteOffset, 0);
    const available = target.byteLength - byteOffset;
    if (available < this.byteLength) {
      throw new RangeError(
        `Expected ${this.byteLength} bytes at ${byteOffset} of the memory, there are ` +
          Math.max(available, 0),
      );
    }
    return new DataView(buffer, start + byteOffset, this.byteLength);
  }
}

function hasBytes(memory: unknown): memory is { readonly bytes: unknown } {
  // A Blob and a Response have a method of that name.
  return typeof memory === "object" && memory !== null && "bytes" in memory &&
    typeof memory.bytes !== "function";
}

/**
 * Throws if an object of a class has values that are no properties of its own, as a `Map` has, or a
 * class with getters: they would be left out.
 */
function assertOwn(where: string, values: object, names: Iterable<string>): void {
  const prototype: unknown = Object.getPrototypeOf(values);
  if (prototype === null || prototype === Object.prototype) return;
  if (Object.keys(values).length === 0) {
    throw new TypeError(
      `Expected ${where || "the values"} to be an object with fields, got ${show(values)}`,
    );
  }
  for (const name of names) {
    if (Object.hasOwn(values, name) || !(name in values) || name in Object.prototype) continue;
    throw new TypeError(
      `Expected ${pathTo(where, name)} to be a property of the object itself, not of its class`,
    );
  }
}

function assertPack(what: string, pack: unknown): void {
  if (pack === 1 || pack === 2 || pack === 4 || pack === 8 || pack === 16) return;
  assertNumber(what, pack);
  throw new RangeError(`Expected ${what} to be 1, 2, 4, 8 or 16, got ${pack}`);
}

/** The FNV-1a hash of a text in 64 bits. */
function fnv1a(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}

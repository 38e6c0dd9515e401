/**
 * The layout of a struct or a union at run time: access to its fields in any memory.
 *
 * @module
 */

import {
  assertInteger,
  assertObject,
  assertOptions,
  assertString,
  hintFor,
  integerFrom,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { type ArrayView, arrayViewsOver, elementsOf, type ViewElements } from "./array.ts";
import { assertFieldName, defineType, type PlacedField, type Placement } from "./placement.ts";
import { countersOfFields } from "./counter.ts";
import type { CSource, CType, FoundField } from "./ctype.ts";
import { fnv1a } from "./description.ts";
import {
  assertWritable,
  copied,
  FieldView,
  loadFields,
  MOVE,
  MovingView,
  pathTo,
} from "./field_view.ts";
import type { MessageLayout, MessageViews } from "./tagged.ts";
import { dataOver, sourceOf, type StructTarget } from "./target.ts";

/** Options of `Layout.array`. */
export interface StructArrayOptions {
  /** The offset of the first struct in the memory, in bytes. @default 0 */
  offset?: number;
  /**
   * The distance between the beginnings of two structs, in bytes: at least the size of the struct.
   *
   * @default the size of the struct
   */
  stride?: number;
  /** The number of structs. */
  count: number;
}

/** The checks of {@linkcode StructArrayOptions}, by option. */
export const STRUCT_ARRAY_CHECKS: OptionChecks<StructArrayOptions> = {
  offset: integerFrom(0),
  stride: integerFrom(1),
  count: integerFrom(0),
};

/** A struct or a union whose fields are not known to TypeScript. */
export interface AnyLayout
  extends CType<unknown, unknown, unknown>, MessageLayout<unknown, unknown, unknown> {
  view(target: StructTarget, byteOffset?: number): unknown;
  read(target: StructTarget, byteOffset?: number): unknown;
  write(target: StructTarget, values: object, byteOffset?: number): void;
  array(target: StructTarget, options: StructArrayOptions): ArrayView<unknown>;
  counters(target: StructTarget, byteOffset?: number): object;
  offsetOf(path: string): number;
  toC(name: string): string;
}

/** Checked input: some fields by name, or the bytes of the whole struct. */
type Checked = Record<string, unknown> | Uint8Array<ArrayBuffer>;

const MEMORY = "the struct's memory (the result of memory.map(), or bytes)";

/** The layout of a struct or a union. */
export class RecordType implements AnyLayout {
  readonly byteLength: number;
  readonly alignment: number;
  readonly signature: string;
  readonly layoutHash: bigint;
  readonly isValue = false;
  readonly isPinned: boolean;
  readonly c: CSource;
  readonly #keyword: "struct" | "union";
  readonly #placed: readonly PlacedField[];
  readonly #fields: ReadonlyMap<string, PlacedField>;
  readonly #viewOf: (data: DataView) => FieldView;
  #movingOf: ((data: DataView) => MovingView) | undefined;
  #strided: { count: number; stride: number; create: ViewElements } | undefined;

  constructor(keyword: "struct" | "union", placement: Placement, pack: number) {
    const { fields, byteLength, alignment } = placement;
    this.byteLength = byteLength;
    this.alignment = alignment;
    const parts = fields.map(({ name, type, offset }) => `${name}@${offset}:${type.signature}`);
    this.signature = `${keyword}{${parts.join()}}${byteLength}`;
    this.layoutHash = fnv1a(this.signature);
    this.isPinned = fields.some(({ type }) => type.isPinned);
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
    this.store(data, 0, this.check(values, "", data));
  }

  array(target: StructTarget, options: StructArrayOptions): ArrayView<unknown> {
    const source = sourceOf(MEMORY, target);
    assertOptions(options, STRUCT_ARRAY_CHECKS);
    const { offset = 0, stride = this.byteLength, count } = options;
    // Checked again, because a live view of a header changes when another program writes to it.
    assertInteger("offset", offset, 0);
    assertInteger("stride", stride, 1);
    assertInteger("count", count, 0);
    if (stride < this.byteLength) {
      throw new RangeError(
        `Expected stride to be at least ${this.byteLength}, the size of the struct, got ${stride}: ` +
          "describe only the fields that each struct has",
      );
    }
    const span = count === 0 ? 0 : (count - 1) * stride + this.byteLength;
    if (count > 0 && offset + span > source.byteLength) {
      throw new RangeError(
        `Expected ${span} bytes from offset ${offset} of the memory, for ${count} structs ` +
          `${stride} bytes apart, got ${Math.max(source.byteLength - offset, 0)}`,
      );
    }
    return this.#viewsOf(count, stride)(
      dataOver(source, count === 0 ? 0 : offset, span),
      0,
      "array",
    );
  }

  counters(target: StructTarget, byteOffset: number = 0): object {
    return this.countersAt(this.#dataOf(target, byteOffset), 0, "");
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

  check(value: unknown, where: string, into?: DataView): Checked {
    // C copies the bytes of a struct, too. A union has no other way: its field in use is unknown.
    const bytes = this.isPinned ? undefined : this.#bytesOf(value);
    if (bytes !== undefined) return bytes;
    const values = copied(value);
    assertObject(where === "" ? "the values" : where, values);
    const checked: Record<string, unknown> = {};
    const entries = Object.entries(values);
    assertOwn(where, values, this.#fields.keys());
    for (const [name, input] of entries) {
      const field = this.#fields.get(name);
      if (field === undefined) {
        const hint = hintFor("fields", name, [...this.#fields.keys()]);
        throw new TypeError(`There is no field ${pathTo(where, name)}: ${hint}`);
      }
      checked[name] = field.type.check(input, pathTo(where, name), into);
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

  messageLength(): number {
    return this.byteLength;
  }

  storeMessage(data: DataView, offset: number, checked: Checked): void {
    this.store(data, offset, checked);
  }

  loadMessage(
    data: DataView,
    offset: number,
    length: number,
    label: string,
  ): Record<string, unknown> {
    assertMessageLength(length, this.byteLength, label);
    return this.load(data, offset, "");
  }

  messageViews(data: DataView, label: string): MessageViews<FieldView | MovingView> {
    const { byteLength } = this;
    // Memory for one message. Its view never moves, and so it keeps the views of its parts.
    if (data.byteLength === byteLength) {
      const view = this.#viewOf(data);
      return (_, length) => {
        assertMessageLength(length, byteLength, label);
        return view;
      };
    }
    const view = (this.#movingOf ??= MovingView.over(this.#placed))(data);
    return (offset, length) => {
      assertMessageLength(length, byteLength, label);
      view[MOVE](offset);
      return view;
    };
  }

  countersAt(data: DataView, offset: number, where: string): object {
    return countersOfFields(this.#placed, data, offset, where);
  }

  find(path: string): FoundField | undefined {
    const [, name = "", rest = ""] = /^\.([A-Za-z0-9_]+)(.*)$/.exec(path) ?? [];
    const field = this.#fields.get(name);
    if (field === undefined || rest === "") return field;
    const found = field.type.find(rest);
    return found && { ...found, offset: field.offset + found.offset };
  }

  #bytesOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
    return FieldView.bytesOf(value, this.#placed) ??
      MovingView.bytesOf(value, this.#placed, this.byteLength);
  }

  /** Returns the function that creates views, the same one as long as the numbers are the same. */
  #viewsOf(count: number, stride: number): ViewElements {
    if (this.#strided?.count !== count || this.#strided.stride !== stride) {
      const create = arrayViewsOver(elementsOf(this, count, stride));
      this.#strided = { count, stride, create };
    }
    return this.#strided.create;
  }

  #dataOf(memory: StructTarget, byteOffset: number): DataView {
    const source = sourceOf(MEMORY, memory);
    assertInteger("byteOffset", byteOffset, 0);
    const available = source.byteLength - byteOffset;
    if (available < this.byteLength) {
      throw new RangeError(
        `Expected ${this.byteLength} bytes at ${byteOffset} of the memory, there are ` +
          Math.max(available, 0),
      );
    }
    return dataOver(source, byteOffset, this.byteLength);
  }
}

/**
 * Throws if the object's fields are not own properties, because they would not be written. Examples
 * are a `Map`, and a class with getters.
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

/**
 * Throws unless a message is as long as its layout says.
 *
 * @param label The channel's name in the message.
 * @throws {Deno.errors.InvalidData} If it is not: another program wrote it.
 */
export function assertMessageLength(length: number, expected: number, label: string): void {
  if (length === expected) return;
  throw new Deno.errors.InvalidData(
    `A message of the ${label} has ${length} bytes, and not the ${expected} of its layout: ` +
      "the sender must write it by the same layout",
  );
}

/**
 * Views of structs: objects whose properties are fields in memory. Assigning to a field of memory
 * that is mapped read-only throws. Windows would give the writer a private copy of the page.
 *
 * @module
 */

import { Uncloneable } from "../../ffi/handle.ts";
import type { PlacedField } from "./placement.ts";

/** The method of a view that copies its values out of the memory. */
export const COPY: unique symbol = Symbol("copy");

/** The method of a {@linkcode MovingView} that moves the view. */
export const MOVE: unique symbol = Symbol("move");

/** A property that only spreading and Object.assign() read. */
const SPREAD: unique symbol = Symbol("spread");

const SPREAD_THROWS: PropertyDescriptor = {
  enumerable: true,
  get(): never {
    throw new TypeError(
      "Cannot spread a view of a struct or an array, because the view has no values of its own: " +
        "spread the copy that Layout.read() returns, or read the fields one by one",
    );
  },
};

/** A view of values in memory. The values are not own properties of the view. */
export abstract class LiveView extends Uncloneable {
  constructor() {
    super();
    Object.defineProperty(this, SPREAD, SPREAD_THROWS);
  }

  /** Copies the values out of the memory. */
  abstract [COPY](): unknown;

  /** Returns a copy for `JSON.stringify`. 64-bit integers become decimal strings. */
  abstract toJSON(): unknown;
}

/** Copies the values out of the memory if the value is a view. Returns other values as they are. */
export function copied(value: unknown): unknown {
  return value instanceof LiveView ? value[COPY]() : value;
}

/** Converts copied values for JSON: typed arrays to arrays, 64-bit integers to decimal strings. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value) || isTypedArray(value)) return Array.from(value, toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]));
}

function isTypedArray(value: unknown): value is ArrayLike<number | bigint> {
  return ArrayBuffer.isView(value) && "length" in value;
}

/** Formats the values of a view for `console.log`, also if its memory is already unmapped. */
export function inspectLive(inspect: typeof Deno.inspect, read: () => unknown): string {
  try {
    return inspect(read());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return "[view of closed memory]";
  }
}

type Data = DataView;

/** A view whose properties are fields in memory. No other property can be added. */
export class FieldView extends LiveView {
  readonly #data: Data;
  readonly #fields: readonly PlacedField[];
  /** By field index: a view of a nested struct or array, or `undefined` if the field is a value. */
  readonly #views: readonly unknown[];

  private constructor(data: Data, fields: readonly PlacedField[]) {
    super();
    this.#data = data;
    this.#fields = fields;
    this.#views = fields.map(({ type, offset, name }) =>
      type.isValue ? undefined : type.live(data, offset, name)
    );
    Object.preventExtensions(this);
  }

  /**
   * Defines the properties of a list of fields, once for all views of these fields.
   *
   * @returns A function that creates a view. Its `data` begins at offset 0 of the fields.
   */
  static over(fields: readonly PlacedField[]): (data: Data) => FieldView {
    const Writable = this.#define(fields, true);
    let ReadOnly: typeof Writable | undefined;
    return (data) =>
      isReadOnly(data.buffer)
        ? new (ReadOnly ??= this.#define(fields, false))(data, fields)
        : new Writable(data, fields);
  }

  [COPY](): Record<string, unknown> {
    return loadFields(this.#fields, this.#data, 0, "");
  }

  /** Copies the bytes with the padding if the value is a view of the same list of fields. */
  static bytesOf(
    value: unknown,
    fields: readonly PlacedField[],
  ): Uint8Array<ArrayBuffer> | undefined {
    if (!(value instanceof FieldView) || value.#fields !== fields) return undefined;
    const { buffer, byteOffset, byteLength } = value.#data;
    return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this[COPY]()).map(([name, value]) => [name, toJson(value)]),
    );
  }

  /** Returns the text that `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    return inspectLive(
      inspect,
      () => Object.fromEntries(this.#fields.map(({ name }) => [name, Reflect.get(this, name)])),
    );
  }

  /** Read-only views have their own class, so that writable views need no check for each write. */
  static #define(fields: readonly PlacedField[], writable: boolean) {
    // The error that a script gets when it tries to clone a view contains this name.
    const StructView = class StructView extends FieldView {};
    for (const [index, field] of fields.entries()) {
      Object.defineProperty(StructView.prototype, field.name, {
        enumerable: true,
        get: field.type.isValue ? this.#value(field) : this.#part(index, field),
        set: writable ? this.#write(field) : this.#refuse(field),
      });
    }
    return StructView;
  }

  static #value({ type, offset, name }: PlacedField): (this: FieldView) => unknown {
    return function () {
      return type.live(this.#data, offset, name);
    };
  }

  static #part(index: number, { type }: PlacedField): (this: FieldView) => unknown {
    if (!type.isBytes) {
      return function () {
        return this.#views[index];
      };
    }
    return function () {
      assertMapped(this.#data);
      return this.#views[index];
    };
  }

  static #write({ type, offset, name }: PlacedField): (this: FieldView, value: unknown) => void {
    return function (value) {
      type.store(this.#data, offset, type.check(value, name, this.#data));
    };
  }

  static #refuse({ name }: PlacedField): (this: FieldView) => void {
    return function () {
      assertWritable(name, this.#data.buffer);
    };
  }
}

/**
 * A view of one struct after another in the same memory: of the messages of a ring. A move
 * allocates nothing. A nested struct, an array and bytes get a new view at each access, because
 * those views cannot move.
 */
export class MovingView extends LiveView {
  readonly #data: Data;
  readonly #fields: readonly PlacedField[];
  /** The offset of the struct in the memory, in bytes. */
  #at = 0;

  private constructor(data: Data, fields: readonly PlacedField[]) {
    super();
    this.#data = data;
    this.#fields = fields;
    Object.preventExtensions(this);
  }

  /** Defines the properties of a list of fields. Returns a function that creates a view. */
  static over(fields: readonly PlacedField[]): (data: Data) => MovingView {
    // The error that a script gets when it tries to clone a view contains this name.
    const StructView = class StructView extends MovingView {};
    for (const field of fields) {
      Object.defineProperty(StructView.prototype, field.name, {
        enumerable: true,
        get: this.#read(field),
        set: this.#write(field),
      });
    }
    return (data) => new StructView(data, fields);
  }

  /** Does the same as {@linkcode FieldView.bytesOf}. */
  static bytesOf(
    value: unknown,
    fields: readonly PlacedField[],
    byteLength: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (!(value instanceof MovingView) || value.#fields !== fields) return undefined;
    const { buffer, byteOffset } = value.#data;
    return new Uint8Array(new Uint8Array(buffer, byteOffset + value.#at, byteLength));
  }

  [MOVE](offset: number): void {
    this.#at = offset;
  }

  [COPY](): Record<string, unknown> {
    return loadFields(this.#fields, this.#data, this.#at, "");
  }

  toJSON(): unknown {
    return toJson(this[COPY]());
  }

  /** Returns the text that `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    return inspectLive(inspect, () => this[COPY]());
  }

  static #read({ type, offset, name }: PlacedField): (this: MovingView) => unknown {
    return function () {
      return type.live(this.#data, this.#at + offset, name);
    };
  }

  static #write({ type, offset, name }: PlacedField): (this: MovingView, value: unknown) => void {
    return function (value) {
      const checked = type.check(value, name, this.#data);
      assertWritable(name, this.#data.buffer);
      type.store(this.#data, this.#at + offset, checked);
    };
  }
}

/** Throws a `TypeError` if the memory of a view is unmapped. */
export function assertMapped(data: DataView): void {
  // This property throws then.
  data.byteOffset;
}

/** Copies fields out of the memory. */
export function loadFields(
  fields: Iterable<PlacedField>,
  data: Data,
  offset: number,
  where: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { name, type, offset: at } of fields) {
    values[name] = type.load(data, offset + at, pathTo(where, name));
  }
  return values;
}

/** Returns the path of a field, from the path of its struct and the field's name. */
export function pathTo(where: string, name: string): string {
  return where === "" ? name : `${where}.${name}`;
}

/** For each buffer that is mapped read-only, the name of its memory for messages. */
const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Marks a buffer as mapped read-only, so that views of structs refuse to write to it.
 *
 * @param label The name of the memory in messages, such as `shared memory "Local\\x"`.
 */
export function markReadOnly(buffer: ArrayBuffer, label: string): void {
  labels.set(buffer, label);
}

/** Whether the memory of a buffer is mapped read-only. */
export function isReadOnly(buffer: ArrayBufferLike): boolean {
  return labels.has(buffer);
}

/**
 * Throws if the memory of a buffer is mapped read-only.
 *
 * @param what The field or element to write, for the message.
 * @throws {TypeError} If the memory is mapped read-only.
 */
export function assertWritable(what: string, buffer: ArrayBufferLike): void {
  const label = labels.get(buffer);
  if (label === undefined) return;
  throw new TypeError(
    `Cannot write ${what}: this view of ${label} is mapped read-only; open the memory and map ` +
      'it with { access: "readwrite" }',
  );
}

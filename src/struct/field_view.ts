/**
 * Views of structs: objects whose properties are fields in the memory. Memory that is mapped to be read
 * refuses what is written to them: Windows would give the writer a private copy of the page.
 *
 * @module
 */

import { Uncloneable } from "../../ffi/handle.ts";
import type { PlacedField } from "./placement.ts";

/** Copies out what a view shows. */
export const COPY: unique symbol = Symbol("copy");

/** A property that spreading and Object.assign() read, and nothing else does. */
const SPREAD: unique symbol = Symbol("spread");

const SPREAD_THROWS: PropertyDescriptor = {
  enumerable: true,
  get(): never {
    throw new TypeError(
      "Cannot spread a view of a struct or an array, whose values are in the memory: spread the copy " +
        "of Layout.read(), or read the fields one by one",
    );
  },
};

/** A view of values in a memory: its own properties are none of them. */
export abstract class LiveView extends Uncloneable {
  constructor() {
    super();
    Object.defineProperty(this, SPREAD, SPREAD_THROWS);
  }

  /** Copies out what is in the memory. */
  abstract [COPY](): unknown;

  /** Gives what `JSON.stringify` writes. */
  abstract toJSON(): unknown;
}

/** Copies the values out if they are in the memory still. */
export function copied(value: unknown): unknown {
  return value instanceof LiveView ? value[COPY]() : value;
}

/** Makes of values that were copied out what JSON can write: 64-bit integers become decimal strings. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]));
}

/** Shows the values of a view; the memory of one that is kept may be unmapped by now. */
export function inspectLive(inspect: typeof Deno.inspect, read: () => unknown): string {
  try {
    return inspect(read());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return "[view of closed memory]";
  }
}

type Data = DataView;

/** Fields in the memory, as the properties of an object that takes no others. */
export class FieldView extends LiveView {
  readonly #data: Data;
  readonly #fields: readonly PlacedField[];
  /** What stands for the fields that are no values, in the order of the fields. */
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
   * Makes the properties of fields, once for all views of them.
   *
   * @returns What makes a view; its data begins where the fields do.
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

  /** Copies the bytes out, padding and all, if the view is of exactly these fields. */
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

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
    return inspectLive(
      inspect,
      () => Object.fromEntries(this.#fields.map(({ name }) => [name, Reflect.get(this, name)])),
    );
  }

  /** Views that cannot write are of a class of their own, so that those that can do not ask. */
  static #define(fields: readonly PlacedField[], writable: boolean) {
    // Its name is in the message of whoever tries to clone a view.
    const StructView = class StructView extends FieldView {};
    for (const [index, field] of fields.entries()) {
      Object.defineProperty(StructView.prototype, field.name, {
        enumerable: true,
        get: field.type.isValue ? this.#value(field) : this.#part(index),
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

  static #part(index: number): (this: FieldView) => unknown {
    return function () {
      return this.#views[index];
    };
  }

  static #write({ type, offset, name }: PlacedField): (this: FieldView, value: unknown) => void {
    return function (value) {
      type.store(this.#data, offset, type.check(value, name));
    };
  }

  static #refuse({ name }: PlacedField): (this: FieldView) => void {
    return function () {
      assertWritable(name, this.#data.buffer);
    };
  }
}

/** Copies fields out. */
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

/** The path to a field of a struct that is itself at a path. */
export function pathTo(where: string, name: string): string {
  return where === "" ? name : `${where}.${name}`;
}

/** What messages call the memory under a buffer. */
const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Has all views of structs refuse to write to a buffer.
 *
 * @param label What messages call the memory: `shared memory "Local\\x"`.
 */
export function markReadOnly(buffer: ArrayBuffer, label: string): void {
  labels.set(buffer, label);
}

/** Whether the memory under a buffer is mapped to be read only. */
export function isReadOnly(buffer: ArrayBufferLike): boolean {
  return labels.has(buffer);
}

/**
 * Throws if the memory under a buffer is mapped to be read only.
 *
 * @param what What is to be written, for the message.
 * @throws {TypeError} If it is.
 */
export function assertWritable(what: string, buffer: ArrayBufferLike): void {
  const label = labels.get(buffer);
  if (label === undefined) return;
  throw new TypeError(
    `Cannot write ${what}: this view of ${label} is mapped to be read; open the memory, and map ` +
      'it, with { access: "readwrite" }',
  );
}

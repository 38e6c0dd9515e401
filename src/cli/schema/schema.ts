/**
 * A schema: how to read bytes as fields with names. Subcommands print fields and know no layouts.
 *
 * @module
 */

/** The value of a field without parts. Bytes that have no type are a `Uint8Array`. */
export type FieldValue = number | bigint | string | boolean | Uint8Array;

/** One field of memory, with its place and its value. */
export interface Field {
  /** The field's name with the names around it: `cars[2].speed`. */
  readonly path: string;
  /** The offset of the field's first byte. */
  readonly offset: number;
  /** The field's type as the schema names it: `f32`, `wchar[64]`. */
  readonly type: string;
  readonly value: FieldValue;
}

/** A way to read bytes as fields. */
export interface Schema {
  /** The name for messages and headings: `MumbleLink`, or the struct's name. */
  readonly name: string;
  /** The number of bytes that must be there at least. */
  readonly byteLength: number;
  /**
   * Returns all fields of a copy of the memory, in the order of the layout. Headers are checked
   * before they are believed.
   *
   * @throws {Deno.errors.InvalidData} If the bytes are too few, or contradict themselves.
   */
  fields(bytes: Uint8Array<ArrayBuffer>): Field[];
  /** Returns the same values as one object for JSON: structs as objects, arrays as arrays. */
  toObject(bytes: Uint8Array<ArrayBuffer>): Record<string, unknown>;
  /**
   * Returns whether a copy of the memory is whole, if the memory's own rules can tell: a sequence
   * lock, a busy bit, a tick. A caller copies again, if not. Without the method, each copy counts
   * as whole.
   *
   * @param now The memory itself, right after the copy, or a second copy. A write that began during
   *   the copy shows only there. @default the copy
   */
  isWhole?(copy: Uint8Array<ArrayBuffer>, now?: Uint8Array<ArrayBuffer>): boolean;
}

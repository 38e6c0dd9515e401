/**
 * A copy of a program's memory, of which each place is checked before it is read.
 *
 * @module
 */

import type { CType, Fields, Layout, TypeLike } from "../../../struct/mod.ts";
import { typeOf } from "../../../struct/scalar.ts";
import type { FieldValue, Schema } from "../schema.ts";
import { type ListPart, type Part, shown, type StructPart, type ValuePart } from "./part.ts";

type AnyType = CType<unknown, unknown, unknown>;

/** Signatures of memory that is not in use any more: 0xDEAD, and "DEAD" in both byte orders. */
const ENDED = [0xdead, 0x4445_4144, 0x4441_4544];

/** Maximum number of entries of an array. The largest of a known program has some thousands. */
const MAX_ENTRIES = 65_536;

/** The place of entries in a memory, as its header says. */
export interface Entries {
  /** The plural of the entries in messages: `sensors`. */
  readonly what: string;
  /** The offset of the first entry in bytes. */
  readonly offset: number;
  /** The distance between the beginnings of two entries in bytes. */
  readonly stride: number;
  readonly count: number;
  /** The size in bytes that each entry must have at least. */
  readonly byteLength: number;
}

/** A copy of a program's memory. */
export class MemoryCopy {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #program: string;
  readonly #data: DataView;

  /**
   * @param byteLength The number of bytes that must be there at least.
   * @throws {Deno.errors.InvalidData} If there are fewer bytes.
   */
  constructor(program: string, byteLength: number, bytes: Uint8Array<ArrayBuffer>) {
    if (bytes.length < byteLength) {
      throw new Deno.errors.InvalidData(
        `Expected at least ${byteLength} bytes for ${program}, there are ${bytes.length}`,
      );
    }
    this.#program = program;
    this.bytes = bytes;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Returns the error for memory that contradicts itself, or is not the program's. */
  corrupt(why: string): Deno.errors.InvalidData {
    return new Deno.errors.InvalidData(`The memory of ${this.#program} is corrupt: ${why}`);
  }

  /**
   * Throws unless the memory begins with a program's signature.
   *
   * @throws {Deno.errors.InvalidData} If it does not. The message says what programs write there
   *   before they begin and after they have ended.
   */
  assertSignature(expected: number): void {
    const signature = this.u32(0);
    if (signature === expected) return;
    if (ENDED.includes(signature)) {
      throw new Deno.errors.InvalidData(
        `The memory of ${this.#program} is not in use any more: the program has ended, or has ` +
          "switched its shared memory off",
      );
    }
    if (signature === 0) {
      throw new Deno.errors.InvalidData(`${this.#program} has not written its memory yet`);
    }
    throw this.corrupt(`it begins with ${hex(signature)}, and not with ${hex(expected)}`);
  }

  /** Throws unless bytes are within the memory. */
  assertWithin(what: string, offset: number, byteLength: number): void {
    const { length } = this.bytes;
    if (offset >= 0 && byteLength >= 0 && offset + byteLength <= length) return;
    throw this.corrupt(`${what}: ${byteLength} bytes at ${offset} of ${length}`);
  }

  /** Returns the `u32` at an offset. */
  u32(offset: number): number {
    this.assertWithin("u32", offset, 4);
    return this.#data.getUint32(offset, true);
  }

  /** Returns a value at an offset: a number, a text, or bytes. */
  value(type: TypeLike, offset: number): ValuePart {
    const found = typeOf(type, "the value");
    const { signature } = found;
    this.assertWithin(signature, offset, found.byteLength);
    const value = found.load(this.#data, offset, "");
    if (!isFieldValue(value)) {
      throw new TypeError(`Expected a type without parts, got ${signature}`);
    }
    return shown(offset, signature, value);
  }

  /** Returns the named fields of a struct at an offset: values, and arrays of values. */
  fields<F extends Fields>(
    layout: Layout<F>,
    offset: number,
    names: readonly (keyof F & string)[],
  ): Record<string, Part> {
    return Object.fromEntries(names.map((name) => {
      const found = layout.find(`.${name}`);
      if (found === undefined) throw new TypeError(`There is no field ${name}`);
      return [name, this.#part(found.type, offset + found.offset)];
    }));
  }

  /** Returns all fields of a struct at an offset. */
  struct(schema: Schema, offset: number): StructPart {
    this.assertWithin(schema.name, offset, schema.byteLength);
    return { kind: "struct", schema, offset };
  }

  /**
   * Returns the entries of an array that are in use. A header that gives too many entries, or more
   * than there are bytes, is corrupt. So a hostile header cannot take much time.
   *
   * @param partOf Returns the part at an offset, or `undefined` for an entry that is not in use.
   */
  list(
    { what, offset, stride, count, byteLength }: Entries,
    partOf: (offset: number, index: number) => Part | undefined,
  ): ListPart {
    if (count > MAX_ENTRIES) {
      throw this.corrupt(`it has ${count} ${what}, more than ${MAX_ENTRIES}`);
    }
    if (count > 0 && stride < byteLength) {
      throw this.corrupt(`its ${what} have ${stride} bytes each, and not at least ${byteLength}`);
    }
    if (count > 0) {
      this.assertWithin(`${count} ${what}`, offset, (count - 1) * stride + byteLength);
    }
    const entries: { index: number; part: Part }[] = [];
    for (let index = 0; index < count; index++) {
      const part = partOf(offset + index * stride, index);
      if (part !== undefined) entries.push({ index, part });
    }
    return { kind: "list", entries };
  }

  #part(type: AnyType, offset: number): Part {
    if (type.isValue || type.isBytes) return this.value(type, offset);
    const entries: { index: number; part: Part }[] = [];
    for (let index = 0;; index++) {
      const element = type.find(`[${index}]`);
      if (element === undefined) return { kind: "list", entries };
      entries.push({ index, part: this.#part(element.type, offset + element.offset) });
    }
  }
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}

function isFieldValue(value: unknown): value is FieldValue {
  return ["number", "bigint", "boolean", "string"].includes(typeof value) ||
    value instanceof Uint8Array;
}

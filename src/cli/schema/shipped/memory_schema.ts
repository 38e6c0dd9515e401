/**
 * Makes schemas for memories whose fields depend on what is in the memory. One tree of parts gives
 * both the fields and the object of a schema.
 *
 * @module
 */

import type { Field, Schema } from "../schema.ts";
import { MemoryCopy } from "./memory_copy.ts";
import type { Part, Parts } from "./part.ts";

/** A program's memory. */
export interface ProgramMemory {
  /** The name for messages and headings: `HWiNFO`. */
  readonly name: string;
  /** The number of bytes that must be there at least. */
  readonly byteLength: number;
  /**
   * Finds the parts of a copy of the memory.
   *
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   */
  partsOf(memory: MemoryCopy): Parts;
  /**
   * Whether a copy is whole, as far as the memory tells. Without it, each copy counts as whole.
   *
   * @param now The memory after the copy.
   */
  isWhole?(copy: MemoryCopy, now: MemoryCopy): boolean;
}

/** Returns the schema for a program's memory. */
export function memorySchema(program: ProgramMemory): Schema {
  const { name, byteLength, partsOf, isWhole } = program;
  const copyOf = (bytes: Uint8Array<ArrayBuffer>) => new MemoryCopy(name, byteLength, bytes);
  return {
    name,
    byteLength,
    fields(bytes) {
      const fields: Field[] = [];
      collect({ kind: "group", parts: partsOf(copyOf(bytes)) }, bytes, "", fields);
      return fields;
    },
    toObject: (bytes) => objectOf(partsOf(copyOf(bytes)), bytes),
    ...(isWhole && { isWhole: (copy, now = copy) => isWhole(copyOf(copy), copyOf(now)) }),
  };
}

/** Adds the fields of a part, in the order in which they are shown. */
function collect(part: Part, bytes: Uint8Array<ArrayBuffer>, path: string, fields: Field[]): void {
  if (part.kind === "value") {
    const { offset, type, value } = part;
    fields.push({ path, offset, type, value });
  } else if (part.kind === "struct") {
    for (const field of part.schema.fields(bytes.subarray(part.offset))) {
      const { path: inner, offset } = field;
      fields.push({ ...field, path: pathTo(path, inner), offset: part.offset + offset });
    }
  } else if (part.kind === "list") {
    for (const { index, part: entry } of part.entries) {
      collect(entry, bytes, `${path}[${index}]`, fields);
    }
  } else {
    for (const [name, inner] of Object.entries(part.parts)) {
      if (inner !== undefined) collect(inner, bytes, pathTo(path, name), fields);
    }
  }
}

function pathTo(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function valueOf(part: Part, bytes: Uint8Array<ArrayBuffer>): unknown {
  if (part.kind === "value") return part.value;
  if (part.kind === "struct") return part.schema.toObject(bytes.subarray(part.offset));
  if (part.kind === "list") return part.entries.map(({ part }) => valueOf(part, bytes));
  return objectOf(part.parts, bytes);
}

function objectOf(parts: Parts, bytes: Uint8Array<ArrayBuffer>): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (part !== undefined) values.push([name, valueOf(part, bytes)]);
  }
  // Unlike an assignment, fromEntries() makes each name a property: also __proto__.
  return Object.fromEntries(values);
}

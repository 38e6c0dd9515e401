/**
 * Makes a schema from a layout of this library: the result of `struct()`, `union()` or `tagged()`.
 *
 * @module
 */

import { type Node, nodeOf, type PartNode, type TaggedNode } from "./node.ts";
import type { Field, Schema } from "./schema.ts";
import { type Description, parseDescription } from "../../struct/description.ts";

/** Maximum number of fields that a schema returns, so that they fit into memory. */
const MAX_FIELDS = 2 ** 20;

/** The offset of the struct in a message with a tag, as `tagged()` places it. */
const VALUE_OFFSET = 8;

/**
 * Returns the schema for a layout.
 *
 * The elements of an array are fields: `position[0]`, `position[1]`. Bytes are one field. The
 * fields of a message with a tag are `kind` and those of `value`.
 *
 * @param name The name for messages and headings.
 * @param layout The result of `struct()`, `union()` or `tagged()`, without locks.
 * @throws {TypeError} If the layout has locks, or is nested too deep.
 */
export function layoutSchema(name: string, layout: { readonly signature: string }): Schema {
  const description = parseDescription(layout.signature);
  if (description !== undefined) return descriptionSchema(name, description);
  throw new TypeError(`The layout of ${name} is too long, or nested too deep`);
}

/**
 * Returns the schema for a parsed description of a layout.
 *
 * @throws {Deno.errors.InvalidData} If the description contradicts itself, or has an unknown type.
 */
export function descriptionSchema(name: string, description: Description): Schema {
  const root = nodeOf(description);
  const byteLength = root.kind === "record" ? root.byteLength : VALUE_OFFSET +
    Math.min(...root.cases.map(({ type }) => type.byteLength));
  const dataOf = (bytes: Uint8Array<ArrayBuffer>): DataView => {
    if (bytes.length < byteLength) {
      throw new Deno.errors.InvalidData(
        `Expected at least ${byteLength} bytes for ${name}, there are ${bytes.length}`,
      );
    }
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  return {
    name,
    byteLength,
    fields(bytes) {
      if (root.count > MAX_FIELDS) {
        throw new Deno.errors.InvalidData(
          `${name} has ${root.count} fields, more than ${MAX_FIELDS}: print it as JSON`,
        );
      }
      const fields: Field[] = [];
      collect(root, dataOf(bytes), 0, "", fields);
      return fields;
    },
    toObject(bytes) {
      const data = dataOf(bytes);
      return root.kind === "record" ? objectOf(root.parts, data, 0) : taggedObject(root, data);
    },
  };
}

/** Adds the fields of a type at an offset, in the order of the layout. */
function collect(node: Node, data: DataView, offset: number, path: string, fields: Field[]): void {
  if (node.kind === "value") {
    fields.push({ path, offset, type: node.type, value: node.load(data, offset) });
  } else if (node.kind === "array") {
    const { element, length } = node;
    for (let index = 0; index < length; index++) {
      collect(element, data, offset + index * element.byteLength, `${path}[${index}]`, fields);
    }
  } else if (node.kind === "record") {
    for (const part of node.parts) {
      const inner = path === "" ? part.name : `${path}.${part.name}`;
      collect(part.type, data, offset + part.offset, inner, fields);
    }
  } else {
    const found = caseOf(node, data);
    fields.push({ path: "kind", offset: 0, type: "tag", value: found.name });
    collect(found.type, data, found.offset, "value", fields);
  }
}

function valueOf(node: Node, data: DataView, offset: number): unknown {
  if (node.kind === "value") return node.load(data, offset);
  if (node.kind === "record") return objectOf(node.parts, data, offset);
  if (node.kind === "tagged") return taggedObject(node, data);
  const { element, length } = node;
  return Array.from(
    { length },
    (_, at) => valueOf(element, data, offset + at * element.byteLength),
  );
}

function objectOf(
  parts: readonly PartNode[],
  data: DataView,
  offset: number,
): Record<string, unknown> {
  // Unlike an assignment, fromEntries() makes each name a property: also __proto__.
  return Object.fromEntries(
    parts.map((part) => [part.name, valueOf(part.type, data, offset + part.offset)]),
  );
}

function taggedObject(node: TaggedNode, data: DataView): Record<string, unknown> {
  const { name, type, offset } = caseOf(node, data);
  return { kind: name, value: valueOf(type, data, offset) };
}

/** Returns the case that the tag says, if the message has all of its bytes. */
function caseOf({ cases }: TaggedNode, data: DataView): PartNode {
  const tag = data.getUint32(0, true);
  const found = cases[tag];
  if (found === undefined) {
    throw new Deno.errors.InvalidData(
      `The message has the tag ${tag}, and its layout only ${cases.length} cases`,
    );
  }
  const end = found.offset + found.type.byteLength;
  if (data.byteLength >= end) return found;
  throw new Deno.errors.InvalidData(
    `Expected at least ${end} bytes for the case ${found.name}, there are ${data.byteLength}`,
  );
}

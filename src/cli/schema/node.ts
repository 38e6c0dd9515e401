/**
 * A layout as a tree of types that read bytes, made from the description of the layout.
 *
 * A description can come from another program. So all of it is checked before bytes are read by it.
 *
 * @module
 */

import type { Description } from "../../struct/description.ts";
import type { FieldValue } from "./schema.ts";
import { ansi, utf16, utf8 } from "../../struct/text.ts";
import { bitsAt, type BitUnit, MAX_BYTES, SCALARS } from "../../struct/scalar.ts";
import type { CType } from "../../struct/ctype.ts";

/** The properties of each type. */
interface Sized {
  readonly byteLength: number;
  /** The number of values. Those of a union overlap; of a tagged union, the longest case counts. */
  readonly count: number;
}

/** A type without parts. */
export interface ValueNode extends Sized {
  readonly kind: "value";
  /** The name of the type: `f32`, `utf16[64]`, `u32:0+3`. */
  readonly type: string;
  /** Reads the value at an offset. */
  load(data: DataView, offset: number): FieldValue;
}

/** A struct or a union. The parts of a union overlap. */
export interface RecordNode extends Sized {
  readonly kind: "record";
  readonly parts: readonly PartNode[];
}

/** A struct or a union with a tag before it that says which one. */
export interface TaggedNode extends Sized {
  readonly kind: "tagged";
  /** The cases, by their tag. */
  readonly cases: readonly PartNode[];
}

/** An array of structs, of arrays, or of values that are not bytes. */
export interface ArrayNode extends Sized {
  readonly kind: "array";
  readonly element: Node;
  readonly length: number;
}

/** A type of a layout. */
export type Node = ValueNode | RecordNode | TaggedNode | ArrayNode;

/** A field of a struct or a union, or a case of a tagged union. */
export interface PartNode {
  readonly name: string;
  readonly offset: number;
  readonly type: Node;
}

/** Maximum number of dimensions of an array, so that recursion is bounded. */
const MAX_DIMENSIONS = 32;
/**
 * Maximum number of values of a layout. Unions can have many times more values than bytes, so that
 * a short description could use all memory of this process.
 */
export const MAX_VALUES: number = 2 ** 24;

const TEXTS = { utf16, utf8, ansi };

/** The records that are made already. A C header uses one struct many times. */
type Known = Map<Description, RecordNode | TaggedNode>;

/**
 * Returns the tree of a description.
 *
 * @throws {Deno.errors.InvalidData} If the description contradicts itself, or has an unknown type.
 */
export function nodeOf(description: Description): RecordNode | TaggedNode {
  const { kind, lengths } = description;
  if (lengths.length > 0) throw invalid(`${kind} has dimensions`);
  const node = recordOf(description, "", new Map());
  if (node.count > MAX_VALUES) throw invalid(`it has more than ${MAX_VALUES} values`);
  return node;
}

function typeOf(description: Description, path: string, known: Known): Node {
  const { kind, parts, lengths } = description;
  const [element, left] = parts.length > 0
    ? [recordOf(description, path, known), lengths] as const
    : valueOf(kind, lengths, path);
  if (left.length > MAX_DIMENSIONS) {
    throw invalid(`${path} has more than ${MAX_DIMENSIONS} lengths`);
  }
  return left.reduce<Node>((element, length) => {
    const byteLength = element.byteLength * length;
    if (length < 1 || byteLength > MAX_BYTES) throw invalid(`${path} has the length ${length}`);
    return { kind: "array", element, length, byteLength, count: element.count * length };
  }, element);
}

function recordOf(
  description: Description,
  path: string,
  known: Known,
): RecordNode | TaggedNode {
  const { kind, byteLength } = description;
  const found = known.get(description);
  if (found !== undefined) return found;
  if (byteLength < 1 || byteLength > MAX_BYTES) {
    throw invalid(`${path || "it"} has ${byteLength} bytes`);
  }
  const names = new Set<string>();
  const parts = description.parts.map(({ name, offset, type: described }): PartNode => {
    const where = path === "" ? name : `${path}.${name}`;
    if (names.has(name)) throw invalid(`${where} is there twice`);
    names.add(name);
    const type = typeOf(described, where, known);
    if (offset + type.byteLength > byteLength) {
      throw invalid(`${where} ends after the ${byteLength} bytes of ${path || "all"}`);
    }
    return { name, offset, type };
  });
  const counts = parts.map(({ type }) => type.count);
  const node: RecordNode | TaggedNode = kind === "tagged"
    ? { kind: "tagged", cases: parts, byteLength, count: 1 + Math.max(...counts) }
    : { kind: "record", parts, byteLength, count: counts.reduce((sum, count) => sum + count) };
  known.set(description, node);
  return node;
}

/** Returns a type without parts, and the lengths that do not belong to the type itself. */
function valueOf(
  kind: string,
  lengths: readonly number[],
  path: string,
): readonly [ValueNode, readonly number[]] {
  const [length, ...others] = lengths;
  if (length !== undefined && isText(kind)) {
    return [ofType(TEXTS[kind](lengthOf(length, path))), others];
  }
  if (length !== undefined && kind === "u8") {
    const byteLength = lengthOf(length, path);
    const load: ValueNode["load"] = ({ buffer, byteOffset }, offset) =>
      new Uint8Array(buffer, byteOffset + offset, byteLength).slice();
    return [{ kind: "value", type: `u8[${length}]`, byteLength, count: 1, load }, others];
  }
  if (isScalar(kind)) return [ofType(SCALARS[kind]), lengths];
  const bits = length === undefined ? bitsOf(kind) : undefined;
  if (bits === undefined) throw invalid(`${path} has the unknown type ${kind}`);
  return [ofType(bits), []];
}

/** Returns the type of a bit field: `u32:0+3`. */
function bitsOf(kind: string): CType<unknown, unknown, unknown> | undefined {
  const [, unit = "", from, count] = /^([iu](?:8|16|32|64)):(\d+)\+(\d+)$/.exec(kind) ?? [];
  if (!isUnit(unit)) return undefined;
  const [shift, width] = [Number(from), Number(count)];
  if (width < 1 || shift + width > SCALARS[unit].byteLength * 8) return undefined;
  return bitsAt({ unit, width }, shift);
}

function ofType(type: CType<unknown, unknown, unknown>): ValueNode {
  const load: ValueNode["load"] = (data, offset) => {
    const value = type.load(data, offset, "");
    if (isFieldValue(value)) return value;
    throw invalid(`${type.signature} has parts`);
  };
  return { kind: "value", type: type.signature, byteLength: type.byteLength, count: 1, load };
}

function isFieldValue(value: unknown): value is FieldValue {
  return ["number", "bigint", "boolean", "string"].includes(typeof value);
}

function lengthOf(length: number, path: string): number {
  if (length >= 1 && length <= MAX_BYTES / 2) return length;
  throw invalid(`${path} has the length ${length}`);
}

function isText(kind: string): kind is keyof typeof TEXTS {
  return Object.hasOwn(TEXTS, kind);
}

function isScalar(kind: string): kind is keyof typeof SCALARS {
  return Object.hasOwn(SCALARS, kind);
}

function isUnit(name: string): name is BitUnit {
  return isScalar(name) && /^[iu]/.test(name);
}

function invalid(why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(`The description of the layout is invalid: ${why}`);
}

/**
 * Reads the JSON description of a layout. Its words are those of `struct()`: docs/schemas.md and
 * schema.schema.json describe them.
 *
 * @module
 */

import { array } from "../../struct/array.ts";
import { bits, SCALARS } from "../../struct/scalar.ts";
import { hintFor, show } from "../../../ffi/arguments.ts";
import { layoutSchema } from "./layout_schema.ts";
import { parseDescription } from "../../struct/description.ts";
import type { Fields } from "../../struct/placement.ts";
import type { Schema } from "./schema.ts";
import { struct, type StructOptions, union } from "../../struct/layout.ts";
import { ansi, bytes, utf16, utf8 } from "../../struct/text.ts";
import type { TypeLike } from "../../struct/ctype.ts";

/** Maximum number of types within each other, so that recursion is bounded. */
const MAX_DEPTH = 100;

/** An object of the document. */
type Entries = ReadonlyMap<string, unknown>;

/** Reads the type that has a certain key. `path` is the path of the object that has the key. */
type ReadType = (entries: Entries, path: string, depth: number) => TypeLike;

const TEXTS = { utf16, utf8, ansi };

/** The words of the types that have parts or a length, and the keys that can be beside them. */
const TYPES: Readonly<
  Record<string, { readonly keys: readonly string[]; readonly read: ReadType }>
> = {
  utf16: { keys: ["terminated"], read: textOf("utf16") },
  utf8: { keys: ["terminated"], read: textOf("utf8") },
  ansi: { keys: ["terminated"], read: textOf("ansi") },
  bytes: {
    keys: [],
    read: (entries, path) => within(path, () => bytes(numberOf(entries, "bytes", path))),
  },
  array: {
    keys: ["length"],
    read(entries, path, depth) {
      const element = typeOf(entries.get("array"), `${path}.array`, depth + 1);
      return within(path, () => array(element, numberOf(entries, "length", path)));
    },
  },
  struct: {
    keys: ["pack", "byteLength"],
    read(entries, path, depth) {
      const fields = fieldsOf(entries.get("struct"), `${path}.struct`, depth);
      return within(path, () => struct(fields, optionsOf(entries, path)));
    },
  },
  union: {
    keys: ["pack", "byteLength"],
    read(entries, path, depth) {
      const fields = fieldsOf(entries.get("union"), `${path}.union`, depth);
      return within(path, () => union(fields, optionsOf(entries, path)));
    },
  },
};

/**
 * Returns the schema that a JSON text describes.
 *
 * @throws {Deno.errors.InvalidData} If the text is not JSON, or does not describe a layout. The
 *   message has the path in the document: `fields.wheels.length`.
 */
export function jsonSchema(text: string): Schema {
  const document = entriesOf(parse(text), "");
  assertKeys(document, "", ["name", "fields", "pack", "byteLength", "$schema"]);
  const name = document.get("name");
  if (typeof name !== "string" || name === "") {
    throw invalid("name", `Expected a text, got ${show(name)}`);
  }
  const fields = fieldsOf(document.get("fields"), "fields", 0);
  const layout = within("fields", () => struct(fields, optionsOf(document, "")));
  // A layout can be too large for the text that describes it.
  if (parseDescription(layout.signature) === undefined) {
    throw invalid("fields", "the layout has too many fields, or its names are too long");
  }
  return within("fields", () => layoutSchema(name, layout));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Deno.errors.InvalidData(`it is not JSON: ${error.message}`, { cause: error });
  }
}

function fieldsOf(value: unknown, path: string, depth: number): Fields {
  if (depth > MAX_DEPTH) throw invalid(path, `Expected at most ${MAX_DEPTH} types in each other`);
  const entries = [...entriesOf(value, path)];
  return Object.fromEntries(
    entries.map(([name, field]) => [name, fieldOf(field, `${path}.${name}`, depth)]),
  );
}

/** Reads a field: a type, a bit field, or a type with an offset. */
function fieldOf(value: unknown, path: string, depth: number): Fields[string] {
  if (typeof value === "string") return typeOf(value, path, depth);
  const entries = entriesOf(value, path);
  if (entries.has("bits")) {
    assertKeys(entries, path, ["bits", "width"]);
    return within(path, () => bits(unitOf(entries, path), numberOf(entries, "width", path)));
  }
  if (!entries.has("type")) return typeOf(value, path, depth);
  assertKeys(entries, path, ["type", "offset"]);
  const type = typeOf(entries.get("type"), `${path}.type`, depth);
  return { type, offset: numberOf(entries, "offset", path) };
}

function typeOf(value: unknown, path: string, depth: number): TypeLike {
  if (depth > MAX_DEPTH) throw invalid(path, `Expected at most ${MAX_DEPTH} types in each other`);
  if (typeof value === "string") {
    const names = Object.keys(SCALARS);
    if (isScalar(value)) return value;
    throw invalid(path, `There is no type ${show(value)}: ${hintFor("types", value, names)}`);
  }
  const entries = entriesOf(value, path);
  const words = Object.keys(TYPES).filter((word) => entries.has(word));
  const [word = ""] = words;
  const type = TYPES[word];
  if (type === undefined || words.length > 1) {
    throw invalid(
      path,
      `Expected one of the keys ${Object.keys(TYPES).join(", ")}, got ${
        [...entries.keys()].join(", ") || "none"
      }`,
    );
  }
  assertKeys(entries, path, [word, ...type.keys]);
  return type.read(entries, path, depth + 1);
}

function textOf(name: keyof typeof TEXTS): ReadType {
  return (entries, path) => {
    const terminated = entries.get("terminated") ?? true;
    if (typeof terminated !== "boolean") {
      throw invalid(`${path}.terminated`, `Expected true or false, got ${show(terminated)}`);
    }
    return within(path, () => TEXTS[name](numberOf(entries, name, path), { terminated }));
  };
}

function unitOf(entries: Entries, path: string): Parameters<typeof bits>[0] {
  const unit = entries.get("bits");
  const units = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"] as const;
  const found = units.find((name) => name === unit);
  if (found !== undefined) return found;
  throw invalid(`${path}.bits`, `Expected one of ${units.join(", ")}, got ${show(unit)}`);
}

function optionsOf(entries: Entries, path: string): StructOptions {
  const inner = path === "" ? "" : `${path}.`;
  const packs = [1, 2, 4, 8, 16] as const;
  const pack = packs.find((size) => size === entries.get("pack"));
  if (entries.has("pack") && pack === undefined) {
    throw invalid(
      `${inner}pack`,
      `Expected one of ${packs.join(", ")}, got ${show(entries.get("pack"))}`,
    );
  }
  return {
    ...(pack === undefined ? {} : { pack }),
    ...(entries.has("byteLength") ? { byteLength: numberOf(entries, "byteLength", path) } : {}),
  };
}

function numberOf(entries: Entries, key: string, path: string): number {
  const value = entries.get(key);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(
    path === "" ? key : `${path}.${key}`,
    value === undefined ? "Expected a number" : `Expected an integer from 0, got ${show(value)}`,
  );
}

function entriesOf(value: unknown, path: string): Entries {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  throw invalid(path, value === undefined ? "Expected an object" : notObject(value));
}

function notObject(value: unknown): string {
  return `Expected an object, got ${Array.isArray(value) ? "an array" : show(value)}`;
}

function assertKeys(entries: Entries, path: string, known: readonly string[]): void {
  for (const key of entries.keys()) {
    if (known.includes(key)) continue;
    throw invalid(path, `There is no key ${show(key)} here: ${hintFor("keys", key, known)}`);
  }
}

function isScalar(name: string): name is keyof typeof SCALARS {
  return Object.hasOwn(SCALARS, name);
}

/** Calls a function of `struct()`, and adds the path to its errors. */
function within<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw invalid(path, error.message);
    }
    throw error;
  }
}

function invalid(path: string, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(path === "" ? why : `at ${path}: ${why}`);
}

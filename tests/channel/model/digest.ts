/**
 * Describes the state of an object as a text.
 *
 * @module
 */

import { type PrivateField, privateFieldsOf } from "./private_fields.ts";

/** The prototypes of objects that have no private fields. */
const PLAIN: readonly unknown[] = [
  null,
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
];

/**
 * Returns a text of all that can be reached from a value, except functions and the contents of
 * memory. Two objects of one class with the same text behave in the same way from here on.
 *
 * @param value The value. It must not change until the promise is fulfilled.
 */
export async function digest(value: unknown): Promise<string> {
  const fieldsOf = await readPrivateFields(value);
  const seen = new Map<object, number>();
  const parts: string[] = [];
  write(value);
  return parts.join(" ");

  function write(value: unknown): void {
    if (typeof value === "function") return;
    if (typeof value !== "object" || value === null) return void parts.push(textOf(value));
    if (isMemory(value)) return;
    const before = seen.get(value);
    if (before !== undefined) return void parts.push(`@${before}`);
    seen.set(value, seen.size);
    if (value instanceof Map || value instanceof Set) return write([...value]);
    parts.push("{");
    for (const [name, field] of [...publicFieldsOf(value), ...fieldsOf.get(value) ?? []]) {
      if (typeof field === "function") continue;
      parts.push(`${name}:`);
      write(field);
    }
    parts.push("}");
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Reads the private fields of all objects that can be reached, layer by layer. */
async function readPrivateFields(root: unknown): Promise<Map<object, readonly PrivateField[]>> {
  const fieldsOf = new Map<object, readonly PrivateField[]>();
  const seen = new Set<object>();
  let layer: object[] = [];
  reach(root);
  while (layer.length > 0) {
    const objects = layer;
    layer = [];
    for (const [index, fields] of (await privateFieldsOf(objects)).entries()) {
      fieldsOf.set(objects[index]!, fields);
      for (const [_, value] of fields) reach(value);
    }
  }
  return fieldsOf;

  function reach(value: unknown): void {
    if (typeof value !== "object" || value === null || seen.has(value) || isMemory(value)) return;
    seen.add(value);
    if (!PLAIN.includes(Object.getPrototypeOf(value))) layer.push(value);
    if (value instanceof Map || value instanceof Set) { for (const item of value) reach(item); }
    for (const [_, field] of publicFieldsOf(value)) reach(field);
  }
}

/** Returns the fields that are no accessors. */
function publicFieldsOf(object: object): [name: string, value: unknown][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([_, { enumerable, get }]) => enumerable && get === undefined)
    .map(([name, { value }]) => [name, value]);
}

/** Does not use `instanceof`, because watched arrays are proxies: see watched_memory.ts. */
function isMemory(object: object): boolean {
  const kind = `${Reflect.get(object, Symbol.toStringTag)}`;
  return kind.endsWith("Array") || kind === "ArrayBuffer";
}

/**
 * Writes values as JSON.
 *
 * @module
 */

/** `JSON.rawJSON`, which TypeScript's library does not have yet. */
const rawJson: (text: string) => unknown = Reflect.get(JSON, "rawJSON");

/**
 * Returns a value as JSON. A `bigint` becomes a number with all of its digits, bytes become base64,
 * and a number that JSON does not have (`NaN`, an infinity) becomes its name as a string. A `Map`
 * becomes an array of pairs, and a `Set` an array.
 *
 * @param indent The number of spaces that nested values are indented by. @default 0: one line
 */
export function toJson(value: unknown, indent: number = 0): string {
  return JSON.stringify(value, replace, indent);
}

function replace(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === "bigint") return rawJson(String(value));
  if (value instanceof Uint8Array) return value.toBase64();
  if (value instanceof Map || value instanceof Set) return [...value];
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}

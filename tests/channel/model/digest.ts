/**
 * What an object is like, as a text.
 *
 * @module
 */

/**
 * Writes down all that can be reached from a value, but for what is in memory and what functions do:
 * two objects of one class with the same text go on in the same way.
 *
 * @param value The value.
 */
export function digest(value: unknown): string {
  const seen = new Map<object, number>();
  const parts: string[] = [];
  write(value);
  return parts.join(" ");

  function write(value: unknown): void {
    if (typeof value === "function") return;
    if (typeof value !== "object" || value === null) return void parts.push(`${value}`);
    const kind = `${Reflect.get(value, Symbol.toStringTag)}`;
    if (kind.endsWith("Array") || kind === "ArrayBuffer") return;
    const before = seen.get(value);
    if (before !== undefined) return void parts.push(`@${before}`);
    seen.set(value, seen.size);
    if (value instanceof Map || value instanceof Set) return write([...value]);
    parts.push("{");
    for (const [key, field] of Object.entries(value)) {
      if (typeof field === "function") continue;
      parts.push(`${key}:`);
      write(field);
    }
    parts.push("}");
  }
}

/**
 * What cannot be cloned of a value, and what to send in its place.
 *
 * @module
 */

import { Uncloneable } from "../../ffi/uncloneable.ts";
import { LiveView } from "../memory/layout/live_view.ts";

/** Advises what to send in place of an object of this module; "" if none is in the value. */
export function adviceFor(value: unknown): string {
  const found = findUncloneable(value);
  if (found === undefined) return "";
  return found instanceof LiveView
    ? "send what Layout.read() copies out of the memory"
    : "it owns something of the system: send its name, or pass it on by sendHandle() or spawn()";
}

/** Finds an object of this module wherever it stands in a value, which may have cycles. */
function findUncloneable(value: unknown): object | undefined {
  const seen = new Set<object>();
  for (const waiting: unknown[] = [value]; waiting.length > 0;) {
    const item = waiting.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    if (item instanceof Uncloneable) return item;
    seen.add(item);
    waiting.push(...partsOf(item));
  }
  return undefined;
}

/** The values in an object; getters have been run once, and are not run again. */
function partsOf(object: object): unknown[] {
  if (ArrayBuffer.isView(object)) return [];
  if (object instanceof Map) return [...object.keys(), ...object.values()];
  if (object instanceof Set) return [...object];
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) => value);
}

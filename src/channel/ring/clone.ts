/**
 * Writes JavaScript values as bytes by the structured clone algorithm, and reads them. If a value cannot be
 * cloned, the error says what to send in its place.
 *
 * @see {@link https://nodejs.org/api/v8.html#serialization-api}
 * @module
 */

import { deserialize, serialize } from "node:v8";
import { Uncloneable } from "../../../ffi/handle.ts";
import { LiveView } from "../../struct/field_view.ts";

/**
 * Writes a value as bytes.
 *
 * @param value Anything that can be cloned: also `Map`, `Date`, `BigInt`, typed arrays, cycles.
 * @throws {DOMException} `DataCloneError`, if it cannot be cloned, as functions and views of structs
 *   cannot.
 */
export function encodeValue(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.endsWith("could not be cloned.")) throw error;
    const [message, advice] = [error.message, adviceFor(value)];
    throw new DOMException(
      advice === "" ? message : `${message.slice(0, -1)}: ${advice}`,
      "DataCloneError",
    );
  }
}

/**
 * Reads a value.
 *
 * @param bytes What {@linkcode encodeValue} gave; arrays of the value may stand in it.
 * @param label The channel that it came from, for the message.
 * @throws {Deno.errors.InvalidData} If it is something else.
 */
export function decodeValue(bytes: Uint8Array<ArrayBuffer>, label: string = "channel"): unknown {
  try {
    return deserialize(bytes);
  } catch (cause) {
    throw new Deno.errors.InvalidData(
      `A message of the ${label} is not a value that was sent by sendValue()`,
      { cause },
    );
  }
}

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

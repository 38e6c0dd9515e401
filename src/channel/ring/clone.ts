/**
 * Encodes JavaScript values by the structured clone algorithm, and decodes them. For a value that
 * has no clone, the error says what to send instead.
 *
 * @see {@link https://nodejs.org/api/v8.html#serialization-api}
 * @module
 */

import { Uncloneable } from "../../../ffi/handle.ts";
import { LiveView } from "../../struct/field_view.ts";

/** Loads Node's module when it is needed, because Deno loads 26 more modules for it. */
function v8(): typeof import("node:v8") {
  // deno-lint-ignore no-process-global -- the only way to load a module of Node without an await
  return process.getBuiltinModule("node:v8");
}

/**
 * Encodes a value as bytes.
 *
 * @param value Any value that can be cloned, such as `Map`, `Date`, `BigInt`, typed arrays, cycles.
 * @throws {DOMException} `DataCloneError` if the value or a part of it cannot be cloned. Functions
 *   and views of structs cannot.
 */
export function encodeValue(value: unknown): Uint8Array {
  try {
    return v8().serialize(value);
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
 * Decodes a value.
 *
 * @param bytes The bytes from {@linkcode encodeValue}. Typed arrays of the value can share them.
 * @param label The channel's name in the error message.
 * @throws {Deno.errors.InvalidData} If the bytes were not encoded by {@linkcode encodeValue}.
 */
export function decodeValue(bytes: Uint8Array<ArrayBuffer>, label: string = "channel"): unknown {
  try {
    return v8().deserialize(bytes);
  } catch (cause) {
    throw new Deno.errors.InvalidData(
      `A message of the ${label} is not a value that was sent by sendValue()`,
      { cause },
    );
  }
}

/** Returns what to send instead of an object of this module; "" if the value contains none. */
export function adviceFor(value: unknown): string {
  const found = findUncloneable(value);
  if (found === undefined) return "";
  return found instanceof LiveView
    ? "send what Layout.read() copies out of the memory"
    : "it owns a system object: send its name, or pass it on by sendHandle() or spawn()";
}

/** Returns the first object of this module in a value, at any depth. The value can have cycles. */
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

/** Returns the values in an object. It runs no getters: `serialize()` has already run them. */
function partsOf(object: object): unknown[] {
  if (ArrayBuffer.isView(object)) return [];
  if (object instanceof Map) return [...object.keys(), ...object.values()];
  if (object instanceof Set) return [...object];
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) => value);
}

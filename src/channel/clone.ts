/**
 * JavaScript values as bytes, by the structured clone algorithm.
 *
 * @see {@link https://nodejs.org/api/v8.html#serialization-api}
 * @module
 */

import { deserialize, serialize } from "node:v8";
import { adviceFor } from "./why_not_cloned.ts";

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

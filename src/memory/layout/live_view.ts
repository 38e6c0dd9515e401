/**
 * What views of structs and arrays have in common.
 *
 * @module
 */

import { Uncloneable } from "../../../ffi/uncloneable.ts";

/** Copies out what a view shows. */
export const COPY: unique symbol = Symbol("copy");

/** A property that spreading and Object.assign() read, and nothing else does. */
const SPREAD: unique symbol = Symbol("spread");

const SPREAD_THROWS: PropertyDescriptor = {
  enumerable: true,
  get(): never {
    throw new TypeError(
      "Cannot spread a view of a struct or an array, whose values are in the memory: spread the copy " +
        "of Layout.read(), or read the fields one by one",
    );
  },
};

/** A view of values in a memory: its own properties are none of them. */
export abstract class LiveView extends Uncloneable {
  constructor() {
    super();
    Object.defineProperty(this, SPREAD, SPREAD_THROWS);
  }

  /** Copies out what is in the memory. */
  abstract [COPY](): unknown;

  /** Gives what `JSON.stringify` writes. */
  abstract toJSON(): unknown;
}

/** Copies the values out if they are in the memory still. */
export function copied(value: unknown): unknown {
  return value instanceof LiveView ? value[COPY]() : value;
}

/** Makes of values that were copied out what JSON can write: 64-bit integers become decimal strings. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]));
}

/** Shows the values of a view; the memory of one that is kept may be unmapped by now. */
export function inspectLive(inspect: typeof Deno.inspect, read: () => unknown): string {
  try {
    return inspect(read());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return "[view of closed memory]";
  }
}

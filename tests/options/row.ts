/**
 * Public functions, and how they are called.
 *
 * @module
 */

import type { Kind } from "./wrong_kinds.ts";

/** The kind of an argument, and a value that is right. */
export type Given = readonly [kind: Kind, right: unknown];

/** Options by their names. */
export type Options = Readonly<Record<string, Given>>;

/** A public function, and how it is called. */
export interface Row {
  /** The function's owner and name: `"SharedMemory.create"`. */
  readonly name: string;
  /** Calls the function. */
  readonly call: (args: readonly unknown[]) => unknown;
  /** The arguments that it needs. */
  readonly needed: readonly Given[];
  /** The argument that follows, and may be left out. */
  readonly more?: Given;
  /** The options; they follow all other arguments. */
  readonly options?: Options;
  /** Whether it is on a hot path, where a misspelt name is not found. */
  readonly isHot?: boolean;
  /** Whether a right argument is missing here, so that all calls are wrong. */
  readonly isPartial?: boolean;
}

/**
 * Makes a row for a method.
 *
 * @param name The owner's name, a dot, and the method's.
 * @param owner The class or the object.
 */
export function method(name: string, owner: object, rest: Omit<Row, "name" | "call">): Row {
  const target: unknown = Reflect.get(owner, name.slice(name.indexOf(".") + 1));
  if (typeof target !== "function") throw new TypeError(`There is no ${name}`);
  return { name, call: (args) => Reflect.apply(target, owner, [...args]), ...rest };
}

/**
 * Makes a row for a function.
 */
export function plain(target: unknown, name: string, rest: Omit<Row, "name" | "call">): Row {
  if (typeof target !== "function") throw new TypeError(`There is no ${name}`);
  return { name, call: (args) => Reflect.apply(target, undefined, [...args]), ...rest };
}

/**
 * Rows: public functions with right arguments for them.
 *
 * @module
 */

import type { Kind } from "./wrong_kinds.ts";

/** The kind of an argument, and a right value for it. */
export type Given = readonly [kind: Kind, right: unknown];

/** Options by their names. */
export type Options = Readonly<Record<string, Given>>;

/** A public function with right arguments for it. */
export interface Row {
  /** The function's owner and name: `"SharedMemory.create"`. */
  readonly name: string;
  readonly call: (args: readonly unknown[]) => unknown;
  /** The required arguments. */
  readonly needed: readonly Given[];
  /** An optional argument after the required ones. */
  readonly more?: Given;
  /** The options, which follow all other arguments. */
  readonly options?: Options;
  /** Whether the function is on a hot path, where misspelt options are not refused. */
  readonly isHot?: boolean;
  /** Whether the row has no right value for an argument, so that all calls are wrong. */
  readonly isPartial?: boolean;
}

/**
 * Makes a row for a method.
 *
 * @param name The owner's name, a dot, and the method's name.
 * @param owner The class or object that has the method.
 */
export function method(name: string, owner: object, rest: Omit<Row, "name" | "call">): Row {
  const target: unknown = Reflect.get(owner, name.slice(name.indexOf(".") + 1));
  if (typeof target !== "function") throw new TypeError(`There is no ${name}`);
  return { name, call: (args) => Reflect.apply(target, owner, [...args]), ...rest };
}

/** Makes a row for a method that returns an async generator. A call asks for its first item. */
export function iteration(name: string, owner: object, rest: Omit<Row, "name" | "call">): Row {
  const { call, ...row } = method(name, owner, rest);
  return {
    ...row,
    async call(args) {
      const items = call(args);
      if (!isGenerator(items)) throw new TypeError(`Expected ${name} to return a generator`);
      try {
        await items.next();
      } finally {
        await items.return(undefined);
      }
    },
  };
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown> {
  return value instanceof Object && Symbol.asyncIterator in value && "return" in value;
}

/** Makes a row for a function. */
export function plain(target: unknown, name: string, rest: Omit<Row, "name" | "call">): Row {
  if (typeof target !== "function") throw new TypeError(`There is no ${name}`);
  return { name, call: (args) => Reflect.apply(target, undefined, [...args]), ...rest };
}

/**
 * Checks of options objects: of each option's kind, and of the options' names.
 *
 * @module
 */

import { assertInteger, assertObject, assertOneOf, show } from "./arguments.ts";

/** Throws unless the value of an option is of the right kind. */
export type OptionCheck = (name: string, value: unknown) => void;

/** A check for each option that a function takes, and no other. */
export type OptionChecks<T> = { readonly [Name in keyof Required<T>]: OptionCheck };

/** Takes any value: for an option that is checked where it is used, before anything is opened. */
export function anyValue(): void {}

/**
 * Makes the check of an option that is an integer within a range.
 *
 * @param least The least that is allowed.
 * @param most The most that is allowed, `Number.MAX_SAFE_INTEGER` if left out.
 */
export function integerFrom(least: number, most?: number): OptionCheck {
  return (name, value) => assertInteger(name, value, least, most);
}

/**
 * Makes the check of an option that is one of a few words.
 */
export function oneOf(words: readonly string[]): OptionCheck {
  return (name, value) => assertOneOf(name, value, words);
}

/**
 * Throws unless the options are an object, every option that is given is of its kind, and every
 * name is the name of an option. An option that is `undefined` counts as not given.
 *
 * It is for functions that open something or ask the system, and not for hot paths.
 *
 * @param checks A check for each option.
 * @throws {TypeError} If a name is wrong, or an option is of the wrong kind.
 * @throws {RangeError} If an option is out of its range.
 */
export function assertOptions<T>(
  options: T,
  checks: OptionChecks<T>,
): asserts options is T & object {
  assertObject("the options", options);
  if (Array.isArray(options) || options instanceof Promise || options instanceof Map) {
    throw new TypeError(`Expected the options to be an object with names, got ${show(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(checks, name)) throw unknownOption(name, Object.keys(checks));
  }
  for (const [name, check] of Object.entries<OptionCheck>(checks)) {
    const value: unknown = options[name as keyof T];
    if (value !== undefined) check(name, value);
  }
}

/**
 * Copies the options that another function takes, for one that hands its options on. What counts
 * as not given is left out.
 *
 * @param checks A check for each option that the other function takes.
 */
export function pickOptions<T extends object, Name extends PropertyKey>(
  options: T,
  checks: Readonly<Record<Name, OptionCheck>>,
): Partial<Pick<T, Extract<keyof T, Name>>> {
  const picked: Partial<T> = {};
  for (const name in options) {
    if (Object.hasOwn(checks, name) && options[name] !== undefined) picked[name] = options[name];
  }
  return picked;
}

/**
 * Throws unless every name of the options is the name of an option. It allocates nothing, so it may be
 * called for each message.
 *
 * @param names The names of all options.
 * @throws {TypeError} If a name is wrong.
 */
export function assertNames(options: object, names: readonly string[]): void {
  for (const name in options) {
    if (!names.includes(name) && Object.hasOwn(options, name)) throw unknownOption(name, names);
  }
}

function unknownOption(name: string, names: readonly string[]): TypeError {
  const closest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
  const hint = closest !== undefined && distance(name, closest) <= Math.max(2, name.length / 3)
    ? `did you mean ${show(closest)}?`
    : `the options are ${names.join(", ") || "none"}`;
  return new TypeError(`There is no option ${show(name)}: ${hint}`);
}

/** The number of characters to insert, delete or replace to make one name of the other (Levenshtein). */
function distance(from: string, to: string): number {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/**
 * Values of the wrong kind, for each kind of argument.
 *
 * @module
 */

const symbol = Symbol("wrong");
const nothing = () => {};
const without = Object.create(null);

/** Values that are no values of a kind. */
export const WRONG = {
  /** A text. */
  text: [5, null, {}, nothing, 1n, symbol, true, without],
  /** A name of an object, or a path. */
  name: [5, null, {}, nothing, 1n, symbol, ""],
  /** A key to inherit under. */
  key: [5, null, {}, nothing, 1n, symbol, "", "a-b"],
  /** One of a few words. */
  word: [5, "x", null, {}, nothing, 1n, symbol, ""],
  /** A truth value. */
  flag: [5, "x", null, {}, nothing, 1n, symbol],
  /** A number that counts something. */
  count: ["x", null, {}, nothing, 1n, symbol, -1, 0.5, NaN],
  /** An integer, of whichever sign. */
  integer: ["x", null, {}, nothing, 1n, symbol, 0.5, NaN],
  /** Anything: no value is wrong. */
  anything: [],
  /** A signal. */
  signal: [5, "x", null, {}, nothing, 1n, symbol],
  /** A function. */
  function: [5, "x", null, {}, 1n, symbol],
  /** An object, whatever is in it. */
  object: [5, "x", null, nothing, 1n, symbol],
  /** An object of a class of the library, or one with certain properties. */
  instance: [5, "x", null, {}, nothing, 1n, symbol, without],
  /** The value of a handle. */
  handle: ["x", null, {}, nothing, symbol, 0.5, without],
  /** A window, or its handle. */
  window: ["x", null, {}, nothing, symbol, 0.5, without],
  /** Bytes. */
  bytes: [5, "x", null, {}, nothing, 1n, symbol, [1]],
  /** A path, its URL, or bytes. */
  image: [5, null, {}, nothing, 1n, symbol],
  /** A number that tells one of others, of whichever sign. */
  tag: ["x", null, {}, nothing, symbol, 0.5, 2n ** 64n],
  /** A type of a struct's field. */
  type: [5, "x", null, {}, nothing, 1n, symbol, { signature: 5 }],
  /** Types by names. */
  types: [5, "x", null, nothing, 1n, symbol, { a: 1n }, { a: "x" }, { a: symbol }, { a: null }],
  /** Types and places of fields by names. */
  fields: [
    ...[5, "x", null, nothing, 1n, symbol, {}],
    ...[{ a: 1n }, { a: "x" }, { a: symbol }, { a: null }, { "": "i32" }],
    ...[{ a: { width: 1 } }, { a: { unit: "i32", width: 1n } }, { a: { offset: 0 } }],
  ],
  /** Values of fields by their names. */
  values: [5, "x", null, nothing, 1n, symbol, { a: "x" }, { a: symbol }, { a: null }, { z: 1 }],
  /** Arguments of a program. */
  args: [
    ...[5, "x", null, {}, 1n, symbol, [5], [null], [1n], [symbol], ["a\0"]],
    ...[() => 5, () => undefined, () => [symbol], () => ["a\0"]],
  ],
  /** Variables of an environment. */
  env: [5, "x", null, nothing, 1n, symbol, { A: 5 }, { A: 1n }, { A: symbol }, { "": "" }],
  /** What is inherited, by keys. */
  inherit: [
    ...[5, "x", null, nothing, 1n, symbol],
    ...[{ a: 5 }, { a: null }, { a: symbol }, { a: {} }, { a: { memory: 5, access: "read" } }],
  ],
  /** Objects to wait for. */
  waitables: [
    ...[5, "x", null, {}, nothing, 1n, symbol, []],
    ...[[5], [null], [{}], [symbol], [{ unsafeHandle: 5 }], [{ unsafeHandle: -1n }]],
  ],
  /** The parts of a channel. */
  parts: [5, "x", null, {}, nothing, 1n, symbol, { memory: 5, data: 5, space: 5 }],
} satisfies Record<string, readonly unknown[]>;

/** A kind of argument. */
export type Kind = keyof typeof WRONG;

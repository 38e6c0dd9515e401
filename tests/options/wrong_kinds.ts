/**
 * Values of the wrong kind, for each kind of argument.
 *
 * @module
 */

const symbol = Symbol("wrong");
const nothing = () => {};
const without = Object.create(null);

/** Values that are invalid for each kind. */
export const WRONG = {
  /** A text. */
  text: [5, null, {}, nothing, 1n, symbol, true, without],
  /** A name of an object, or a path. */
  name: [5, null, {}, nothing, 1n, symbol, ""],
  /** A key to inherit under. */
  key: [5, null, {}, nothing, 1n, symbol, "", "a-b"],
  /** One of a few words. */
  word: [5, "x", null, {}, nothing, 1n, symbol, ""],
  /** A boolean. */
  flag: [5, "x", null, {}, nothing, 1n, symbol],
  /** A non-negative integer. */
  count: ["x", null, {}, nothing, 1n, symbol, -1, 0.5, NaN],
  /** A positive or negative integer. */
  integer: ["x", null, {}, nothing, 1n, symbol, 0.5, NaN],
  /** Every value is valid. */
  anything: [],
  /** An `AbortSignal`. */
  signal: [5, "x", null, {}, nothing, 1n, symbol],
  /** A function. */
  function: [5, "x", null, {}, 1n, symbol],
  /** Any object. */
  object: [5, "x", null, nothing, 1n, symbol],
  /** An object of a class of the library, or an object with certain properties. */
  instance: [5, "x", null, {}, nothing, 1n, symbol, without],
  /** The value of a handle. */
  handle: ["x", null, {}, nothing, symbol, 0.5, without],
  /** A window, or its handle. */
  window: ["x", null, {}, nothing, symbol, 0.5, without],
  /** Bytes. */
  bytes: [5, "x", null, {}, nothing, 1n, symbol, [1]],
  /** An array of integers. */
  numbers: [5, "x", null, {}, nothing, 1n, symbol, ["x"], [null], [0.5], [symbol]],
  /** A path, its URL, or bytes. */
  image: [5, null, {}, nothing, 1n, symbol],
  /** A positive or negative number that identifies a message. */
  tag: ["x", null, {}, nothing, symbol, 0.5, 2n ** 64n],
  /** The type of a struct's field. */
  type: [5, "x", null, {}, nothing, 1n, symbol, { signature: 5 }],
  /** Types by the names of their variables. */
  types: [5, "x", null, nothing, 1n, symbol, { a: 1n }, { a: "x" }, { a: symbol }, { a: null }],
  /** Types and offsets of fields by the fields' names. */
  fields: [
    ...[5, "x", null, nothing, 1n, symbol, {}],
    ...[{ a: 1n }, { a: "x" }, { a: symbol }, { a: null }, { "": "i32" }],
    ...[{ a: { width: 1 } }, { a: { unit: "i32", width: 1n } }, { a: { offset: 0 } }],
  ],
  /** Values of fields by the fields' names. */
  values: [5, "x", null, nothing, 1n, symbol, { a: "x" }, { a: symbol }, { a: null }, { z: 1 }],
  /** Texts in an array. */
  texts: [5, "x", null, {}, nothing, 1n, symbol, [5], [null], [1n], [symbol], new Array(1)],
  /** The arguments of a program. */
  args: [
    ...[5, "x", null, {}, 1n, symbol, [5], [null], [1n], [symbol], ["a\0"]],
    ...[() => 5, () => undefined, () => [symbol], () => ["a\0"]],
  ],
  /** The variables of an environment. */
  env: [5, "x", null, nothing, 1n, symbol, { A: 5 }, { A: 1n }, { A: symbol }, { "": "" }],
  /** Objects to inherit, by their keys. */
  inherit: [
    ...[5, "x", null, nothing, 1n, symbol],
    ...[{ a: 5 }, { a: null }, { a: symbol }, { a: {} }, { a: { memory: 5, access: "read" } }],
  ],
  /** Objects to wait for. */
  waitables: [
    ...[5, "x", null, {}, nothing, 1n, symbol, []],
    ...[[5], [null], [{}], [symbol], [{ unsafeHandle: 5 }], [{ unsafeHandle: -1n }]],
  ],
  /** A word, or the process id of the trusted server. */
  server: [5, "x", null, {}, nothing, 1n, symbol, { pid: "x" }, { pid: 0 }, { id: 4 }],
  /** `true`, or the names or security identifiers of packages. */
  packages: [5, "x", false, null, {}, nothing, 1n, symbol, [], [5], ["S-1-5-18"], ["a)(A"]],
  /** The parts of a channel. */
  parts: [5, "x", null, {}, nothing, 1n, symbol, { memory: 5, data: 5, space: 5 }],
} satisfies Record<string, readonly unknown[]>;

/** A kind of argument. */
export type Kind = keyof typeof WRONG;

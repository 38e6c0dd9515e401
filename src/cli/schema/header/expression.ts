/**
 * Constant expressions of C: the lengths of arrays, the values of enums, the conditions of `#if`.
 *
 * @module
 */

import { show } from "../../../../ffi/arguments.ts";
import { mistake } from "./token.ts";
import type { Reader } from "./reader.ts";

/** Looks up the parts of an expression that other places of the header define. */
export interface Names {
  /** Returns the value of a constant; `undefined` if there is none. */
  valueOf(name: string): bigint | undefined;
  /** Reads a type after `sizeof (`, up to the closing bracket, and returns its size. */
  readonly sizeOf?: (reader: Reader) => number;
  /** Reads the type of a cast, if there is one: the tokens between two brackets. */
  readonly isType?: (reader: Reader) => boolean;
}

/** Maximum number of brackets and signs within each other, so that recursion is bounded. */
const MAX_DEPTH = 100;
/** Values beyond this are no lengths. The bits of a mask fit. */
const LIMIT = 2n ** 64n;

const boolean = (value: boolean): bigint => value ? 1n : 0n;

type Operator = (a: bigint, b: bigint, line: number) => bigint;

/** The operators with two operands, from the weakest. */
const LEVELS: readonly (ReadonlyMap<string, Operator>)[] = [
  new Map<string, Operator>([["||", (a, b) => boolean(a !== 0n || b !== 0n)]]),
  new Map<string, Operator>([["&&", (a, b) => boolean(a !== 0n && b !== 0n)]]),
  new Map<string, Operator>([["|", (a, b) => a | b]]),
  new Map<string, Operator>([["^", (a, b) => a ^ b]]),
  new Map<string, Operator>([["&", (a, b) => a & b]]),
  new Map<string, Operator>([
    ["==", (a, b) => boolean(a === b)],
    ["!=", (a, b) => boolean(a !== b)],
  ]),
  new Map<string, Operator>([
    ["<", (a, b) => boolean(a < b)],
    [">", (a, b) => boolean(a > b)],
    ["<=", (a, b) => boolean(a <= b)],
    [">=", (a, b) => boolean(a >= b)],
  ]),
  new Map<string, Operator>([
    ["<<", (a, b, line) => a << shiftOf(b, line)],
    [">>", (a, b, line) => a >> shiftOf(b, line)],
  ]),
  new Map<string, Operator>([["+", (a, b) => a + b], ["-", (a, b) => a - b]]),
  new Map<string, Operator>([
    ["*", (a, b) => a * b],
    ["/", (a, b, line) => a / divisorOf(b, line)],
    ["%", (a, b, line) => a % divisorOf(b, line)],
  ]),
];

/** Reads an expression, and returns its value. Both sides of `?:`, `&&` and `||` must be valid. */
export function expressionOf(reader: Reader, names: Names, depth: number = 0): bigint {
  if (depth > MAX_DEPTH) {
    throw mistake(reader.line, `The expression has more than ${MAX_DEPTH} brackets in each other`);
  }
  const condition = binary(reader, names, depth, 0);
  if (!reader.skip("?")) return condition;
  const yes = expressionOf(reader, names, depth + 1);
  reader.expect(":");
  const otherwise = expressionOf(reader, names, depth + 1);
  return condition !== 0n ? yes : otherwise;
}

function binary(reader: Reader, names: Names, depth: number, level: number): bigint {
  const operators = LEVELS[level];
  if (operators === undefined) return unary(reader, names, depth);
  let value = binary(reader, names, depth, level + 1);
  for (;;) {
    const token = reader.peek();
    const operator = token?.kind === "mark" ? operators.get(token.text) : undefined;
    if (token === undefined || operator === undefined) return value;
    reader.at++;
    value = operator(value, binary(reader, names, depth, level + 1), token.line);
    if (value >= LIMIT || value <= -LIMIT) throw mistake(token.line, "The number is too large");
  }
}

function unary(reader: Reader, names: Names, depth: number): bigint {
  if (depth > MAX_DEPTH) {
    throw mistake(reader.line, `The expression has more than ${MAX_DEPTH} signs in a row`);
  }
  const token = reader.next("a number");
  const { kind, text, line } = token;
  if (kind === "number") return integerOf(text, line);
  if (kind === "text") return characterOf(text, line);
  if (kind === "word") {
    if (text === "sizeof" && names.sizeOf !== undefined) return sizeOf(reader, names.sizeOf);
    const value = names.valueOf(text);
    if (value !== undefined) return value;
    throw mistake(line, `There is no constant ${show(text)} before this line`);
  }
  if (text === "(") {
    if (names.isType?.(reader)) {
      reader.expect(")");
      return unary(reader, names, depth + 1);
    }
    const value = expressionOf(reader, names, depth + 1);
    reader.expect(")");
    return value;
  }
  if (text === "-") return -unary(reader, names, depth + 1);
  if (text === "+") return unary(reader, names, depth + 1);
  if (text === "~") return ~unary(reader, names, depth + 1);
  if (text === "!") return boolean(unary(reader, names, depth + 1) === 0n);
  throw mistake(line, `Expected a number, got ${show(text)}`);
}

function sizeOf(reader: Reader, read: (reader: Reader) => number): bigint {
  reader.expect("(");
  const size = read(reader);
  reader.expect(")");
  return BigInt(size);
}

/** Returns the value of `16`, `0x10`, `020`, `0b1_0000`, `16u`, `1'000ull`. */
function integerOf(text: string, line: number): bigint {
  const digits = text.replaceAll("'", "").replace(/(?:[uU]|[lL]|[iI](?:8|16|32|64)){1,4}$/, "");
  const isOctal = /^0[0-7]+$/.test(digits);
  if (!isOctal && !/^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0|[1-9][0-9]*)$/.test(digits)) {
    throw mistake(line, `Expected an integer, got ${text}`);
  }
  const value = digits.length > 70 ? LIMIT : BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value >= LIMIT) throw mistake(line, "The number is too large");
  return value;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, "0": 0 };

/** Returns the value of `'A'`, or of a code of several characters: `'HWiS'`. */
function characterOf(text: string, line: number): bigint {
  const inner = /^'((?:[\x20-\x7e]){1,8})'$/.exec(text)?.[1];
  if (inner === undefined) throw mistake(line, `Expected an integer, got ${text}`);
  let value = 0n;
  for (let at = 0; at < inner.length; at++) {
    const code = inner[at] === "\\" ? escapeCode(inner[++at]) : inner.charCodeAt(at);
    if (code === undefined) throw mistake(line, `Cannot read the character ${text}`);
    value = value * 256n + BigInt(code);
  }
  if (value >= 2n ** 32n) throw mistake(line, `The characters ${text} are too many`);
  return value;
}

function escapeCode(letter: string | undefined): number | undefined {
  if (letter === undefined || /[xu1-7]/.test(letter)) return undefined;
  return ESCAPES[letter] ?? letter.charCodeAt(0);
}

function shiftOf(value: bigint, line: number): bigint {
  if (value >= 0n && value < 64n) return value;
  throw mistake(line, `Cannot shift by ${value}`);
}

function divisorOf(value: bigint, line: number): bigint {
  if (value !== 0n) return value;
  throw mistake(line, "Cannot divide by 0");
}

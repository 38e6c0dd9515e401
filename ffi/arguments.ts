/**
 * Checks of arguments, made before any call, so that Windows is never asked a
 * question that makes no sense.
 *
 * @module
 */

/**
 * Throws unless a value is an integer within a range.
 *
 * @param what What the value is, for the message: `"byteLength"`.
 * @param value The value.
 * @param least The least that is allowed.
 * @param most The most that is allowed, `Number.MAX_SAFE_INTEGER` if left out.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is NaN, fractional or out of range.
 */
export function assertInteger(
  what: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  assertNumber(what, value);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Expected ${what} to be an integer from ${least} to ${most}, got ${show(value)}`,
    );
  }
}

/**
 * Throws unless a value is a bigint within a range.
 *
 * @param what What the value is, for the message.
 * @param value The value.
 * @param least The least that is allowed.
 * @param most The most that is allowed.
 * @throws {TypeError} If it is no bigint.
 * @throws {RangeError} If it is out of range.
 */
export function assertBigInteger(
  what: string,
  value: unknown,
  least: bigint,
  most: bigint,
): asserts value is bigint {
  if (typeof value !== "bigint") {
    throw new TypeError(`Expected ${what} to be a bigint, got ${show(value)}`);
  }
  if (value < least || value > most) {
    throw new RangeError(`Expected ${what} to be from ${least}n to ${most}n, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is a number; any will do.
 *
 * @param what What the value is, for the message.
 * @param value The value.
 * @throws {TypeError} If it is no number.
 */
export function assertNumber(what: string, value: unknown): asserts value is number {
  if (typeof value !== "number") {
    throw new TypeError(`Expected ${what} to be a number, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is a boolean.
 *
 * @param what What the value is, for the message.
 * @param value The value.
 * @throws {TypeError} If it is none.
 */
export function assertBoolean(what: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`Expected ${what} to be a boolean, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is an object.
 *
 * @param what What the value is, for the message.
 * @param value The value.
 * @throws {TypeError} If it is none.
 */
export function assertObject(what: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Expected ${what} to be an object, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is one of a few words.
 *
 * @param what What the value is, for the message: `"access"`.
 * @param value The value.
 * @param allowed The words.
 * @throws {TypeError} If it is none of them.
 */
export function assertOneOf<const T extends string>(
  what: string,
  value: unknown,
  allowed: readonly T[],
): asserts value is T {
  if (allowed.some((word) => word === value)) return;
  const words = allowed.map((word) => JSON.stringify(word)).join(", ");
  throw new TypeError(`Expected ${what} to be one of ${words}, got ${show(value)}`);
}

/**
 * Throws unless a value is a string.
 *
 * @param what What the value is, for the message: `"name"`.
 * @param value The value.
 * @throws {TypeError} If it is no string.
 */
export function assertString(what: string, value: unknown): asserts value is string {
  if (typeof value !== "string") {
    throw new TypeError(`Expected ${what} to be a string, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is a function.
 *
 * @param what What the value is, for the message: `"onMessage"`.
 * @throws {TypeError} If it is no function.
 */
export function assertFunction(
  what: string,
  value: unknown,
): asserts value is (...args: never[]) => unknown {
  if (typeof value !== "function") {
    throw new TypeError(`Expected ${what} to be a function, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is an `AbortSignal`.
 *
 * @param what What the value is, for the message: `"signal"`.
 * @throws {TypeError} If it is no `AbortSignal`.
 */
export function assertSignal(what: string, value: unknown): asserts value is AbortSignal {
  if (value instanceof AbortSignal) return;
  throw new TypeError(`Expected ${what} to be an AbortSignal, got ${show(value)}`);
}

/** A value as it would be written, and its kind where it has no short writing. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise: await it";
  if (value instanceof Map) return "a Map";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

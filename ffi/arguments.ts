/**
 * Checks of arguments, of options and of bytes, before anything is called.
 *
 * @module
 */

/**
 * Throws unless a value is an integer within a range.
 *
 * @param what What the value is, for the message: `"byteLength"`.
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
 * @throws {TypeError} If it is something else.
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
 * @throws {TypeError} If it is something else.
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

/** Makes the check of an option that is one of a few words. */
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

/** No process gets more handles than 2²⁴, and each has a multiple of 4. */
const LIMIT = 2n ** 31n;

/**
 * Throws unless a value can be that of a handle of this or another process.
 *
 * Windows ignores the two lowest bits of a handle, so that three more values would mean the same
 * object. A negative value is a pseudo-handle: the process or the thread that uses it.
 *
 * @param attempt What is being tried, for the message.
 * @throws {Deno.errors.BadResource} If it can be no handle's.
 */
export function assertHandleValue(value: bigint, attempt: string): void {
  if (value > 0n && value < LIMIT && value % 4n === 0n) return;
  throw new Deno.errors.BadResource(
    `${attempt}: handles of objects are positive multiples of 4 below 2 ** 31`,
  );
}

/**
 * Throws unless a number can be the id of a process or a thread. All are multiples of 4; Windows ignores the
 * two lowest bits, and would open another one for any other number.
 *
 * @throws {Deno.errors.NotFound} If it is no multiple of 4.
 */
export function assertKernelId(noun: "process" | "thread", id: number): void {
  if (id % 4 === 0) return;
  throw new Deno.errors.NotFound(
    `Cannot open ${noun} ${id}: there is no such ${noun}; ${noun} ids are multiples of 4`,
  );
}

/**
 * Bytes that a function takes: an `ArrayBuffer`, a typed array of any kind or a `DataView`. It is taken
 * whole, byte for byte: a `Uint16Array` of 6 elements is 12 bytes.
 *
 * Shared ones (`SharedArrayBuffer`) are taken too. Their bytes are copied as they are at that moment, and
 * another thread that writes meanwhile may leave some old and some new bytes in the copy.
 */
export type ByteSource = ArrayBufferLike | ArrayBufferView<ArrayBufferLike>;

/**
 * Gives the bytes of a source: a plain `Uint8Array` over the same memory.
 *
 * @param what What the source is, for the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function bytesOf(what: string, source: unknown): Uint8Array {
  assertBytes(what, source);
  const { byteLength } = source;
  // With a length: an array over a buffer that can grow would otherwise grow with it.
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, byteLength)
    : new Uint8Array(source, 0, byteLength);
}

/**
 * Copies the bytes of a source, for whoever needs them after the caller has gone on.
 *
 * @param what What the source is, for the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function copyOfBytes(what: string, source: unknown): Uint8Array<ArrayBuffer> {
  // Not slice(), which gives a view of the same memory if the source is a Buffer of Node's.
  return new Uint8Array(bytesOf(what, source));
}

/**
 * Throws unless a value is a source of bytes.
 *
 * @param what What the value is, for the message: `"the message"`.
 * @throws {TypeError} If the value is not bytes, or its buffer is detached or was made too short.
 */
export function assertBytes(what: string, value: unknown): asserts value is ByteSource {
  if (ArrayBuffer.isView(value)) {
    assertInBounds(what, value);
    return;
  }
  if (!(value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)) {
    throw unexpected(what, described(value));
  }
  if (value instanceof ArrayBuffer && value.detached) {
    throw unexpected(what, "an ArrayBuffer that was transferred away");
  }
}

/**
 * A view whose bytes are gone looks like an empty one, but for methods that say so, or, of a DataView,
 * its length.
 */
function assertInBounds(what: string, view: ArrayBufferView): void {
  try {
    if (view.byteLength > 0 || view instanceof DataView) return;
    Reflect.apply(Uint8Array.prototype.at, view, [0]);
  } catch {
    const { buffer } = view;
    const isDetached = buffer instanceof ArrayBuffer && buffer.detached;
    throw unexpected(
      what,
      isDetached
        ? "a view of an ArrayBuffer that was transferred away"
        : "a view beyond the end of an ArrayBuffer that was resized",
    );
  }
}

function unexpected(what: string, got: string): TypeError {
  return new TypeError(
    `Expected ${what} to be bytes (an ArrayBuffer, a typed array or a DataView), got ${got}`,
  );
}

function described(value: unknown): string {
  if (typeof value === "string") return "a string: new TextEncoder().encode(text) gives its bytes";
  return Array.isArray(value) ? "an array: Uint8Array.from(array) gives its bytes" : show(value);
}

/**
 * Checks arguments, options and bytes before Windows is called.
 *
 * @module
 */

/**
 * Throws unless a value is an integer within a range.
 *
 * @param what The value's name in the message: `"byteLength"`.
 * @param least The smallest value allowed.
 * @param most The largest value allowed. @default Number.MAX_SAFE_INTEGER
 * @throws {TypeError} If the value is not a number.
 * @throws {RangeError} If the value is NaN, fractional or out of range.
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
 * @param what The value's name in the message.
 * @param least The smallest value allowed.
 * @param most The largest value allowed.
 * @throws {TypeError} If the value is not a bigint.
 * @throws {RangeError} If the value is out of range.
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
 * Throws unless a value is a number. NaN and the infinities are numbers too.
 *
 * @param what The value's name in the message.
 * @throws {TypeError} If the value is not a number.
 */
export function assertNumber(what: string, value: unknown): asserts value is number {
  if (typeof value !== "number") {
    throw new TypeError(`Expected ${what} to be a number, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is a boolean.
 *
 * @param what The value's name in the message.
 * @throws {TypeError} If the value is not a boolean.
 */
export function assertBoolean(what: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`Expected ${what} to be a boolean, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is an object.
 *
 * @param what The value's name in the message.
 * @throws {TypeError} If the value is not an object.
 */
export function assertObject(what: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Expected ${what} to be an object, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is one of a few words.
 *
 * @param what The value's name in the message: `"access"`.
 * @throws {TypeError} If the value is not one of the words.
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
 * @param what The value's name in the message: `"name"`.
 * @throws {TypeError} If the value is not a string.
 */
export function assertString(what: string, value: unknown): asserts value is string {
  if (typeof value !== "string") {
    throw new TypeError(`Expected ${what} to be a string, got ${show(value)}`);
  }
}

/**
 * Throws unless a value is a function.
 *
 * @param what The value's name in the message: `"onMessage"`.
 * @throws {TypeError} If the value is not a function.
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
 * @param what The value's name in the message: `"signal"`.
 * @throws {TypeError} If the value is not an `AbortSignal`.
 */
export function assertSignal(what: string, value: unknown): asserts value is AbortSignal {
  if (value instanceof AbortSignal) return;
  throw new TypeError(`Expected ${what} to be an AbortSignal, got ${show(value)}`);
}

/**
 * Ignores the failure of a promise that a function has returned by mistake. Nobody waits for the
 * promise, so its failure would end the process.
 *
 * @returns Whether the value is a promise. The caller then throws.
 */
export function dropPromise(value: unknown): boolean {
  if (!(value instanceof Promise)) return false;
  value.catch(() => {});
  return true;
}

/** Describes a value for a message: its literal, or its kind if the literal would be long. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "an array";
  if (value instanceof Promise) return "a promise: await it";
  if (value instanceof Map) return "a Map";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

/** A function that throws unless the value of an option has the right kind. */
export type OptionCheck = (name: string, value: unknown) => void;

/** One check for each option of a function. */
export type OptionChecks<T> = { readonly [Name in keyof Required<T>]: OptionCheck };

/** Accepts any value. For an option that its user checks before anything is opened. */
export function anyValue(): void {}

/**
 * Makes a check for an option that is an integer within a range.
 *
 * @param least The smallest value allowed.
 * @param most The largest value allowed. @default Number.MAX_SAFE_INTEGER
 */
export function integerFrom(least: number, most?: number): OptionCheck {
  return (name, value) => assertInteger(name, value, least, most);
}

/** Makes a check for an option that is one of a few words. */
export function oneOf(words: readonly string[]): OptionCheck {
  return (name, value) => assertOneOf(name, value, words);
}

/**
 * Throws unless the options are an object whose names are known and whose values pass the checks.
 * An option that is `undefined` counts as not given.
 *
 * It is too slow for hot paths. Functions that open something or ask the system call it.
 *
 * @param checks One check for each option.
 * @throws {TypeError} If a name is unknown, or an option has the wrong kind.
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
 * Copies the options that a called function takes, so that its caller can pass them on. Options
 * that are `undefined` are left out.
 *
 * @param checks The checks of the called function, one for each of its options.
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
 * Throws if the options have an unknown name. It allocates nothing, so it is fast enough to be
 * called for each message.
 *
 * @param names The names of all options.
 * @throws {TypeError} If a name is unknown.
 */
export function assertNames(options: object, names: readonly string[]): void {
  for (const name in options) {
    if (!names.includes(name) && Object.hasOwn(options, name)) throw unknownOption(name, names);
  }
}

function unknownOption(name: string, names: readonly string[]): TypeError {
  return new TypeError(`There is no option ${show(name)}: ${hintFor("options", name, names)}`);
}

/**
 * Suggests a right name in place of an unknown one: the most similar one, or all of them.
 *
 * @param plural The word for the things that have names: `"options"`.
 */
export function hintFor(plural: string, name: string, names: readonly string[]): string {
  const closest = names.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
  return closest !== undefined && distance(name, closest) <= Math.max(2, name.length / 3)
    ? `did you mean ${show(closest)}?`
    : `the ${plural} are ${names.join(", ") || "none"}`;
}

/** Returns the Levenshtein distance: the characters to insert, delete or replace. */
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

/**
 * Upper bound of handle values. A process has at most 2²⁴ handles, whose values are multiples of 4.
 */
const LIMIT = 2n ** 31n;

/**
 * Throws unless a value can be the value of a handle, of this or another process.
 *
 * Windows ignores the two lowest bits of a handle, so three more values would mean the same object.
 * A negative value is a pseudo-handle: it means the process or the thread that uses it.
 *
 * @param attempt The attempt that failed, for the message: `Cannot adopt handle 7`.
 * @throws {Deno.errors.BadResource} If no handle can have the value.
 */
export function assertHandleValue(value: bigint, attempt: string): void {
  if (value > 0n && value < LIMIT && value % 4n === 0n) return;
  throw new Deno.errors.BadResource(
    `${attempt}: the values of handles are positive multiples of 4 below 2 ** 31`,
  );
}

/**
 * Throws unless a number can be the id of a process or a thread.
 *
 * All ids are multiples of 4. Windows ignores the two lowest bits, and would open a different
 * process or thread for any other number.
 *
 * @throws {Deno.errors.NotFound} If the id is not a multiple of 4.
 */
export function assertKernelId(noun: "process" | "thread", id: number): void {
  if (id % 4 === 0) return;
  throw new Deno.errors.NotFound(
    `Cannot open ${noun} ${id}: there is no such ${noun}; ${noun} ids are multiples of 4`,
  );
}

/**
 * Bytes as an argument: an `ArrayBuffer`, a typed array of any kind or a `DataView`. All of its
 * bytes are used: a `Uint16Array` of 6 elements is 12 bytes.
 *
 * A `SharedArrayBuffer` and views of it are accepted too. If another thread writes to it during the
 * copy, the copy can have some old and some new bytes.
 */
export type ByteSource = ArrayBufferLike | ArrayBufferView<ArrayBufferLike>;

/**
 * Returns the bytes of a source as a plain `Uint8Array` over the same memory.
 *
 * @example Read a Uint16Array byte by byte
 * ```ts
 * import { bytesOf } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bytesOf("the data", Uint16Array.of(1, 256)), Uint8Array.of(1, 0, 0, 1));
 * ```
 *
 * @param what The source's name in the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function bytesOf(what: string, source: unknown): Uint8Array {
  assertBytes(what, source);
  const { byteLength } = source;
  // The length is explicit: without it, an array over a growable buffer would grow with the buffer.
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, byteLength)
    : new Uint8Array(source, 0, byteLength);
}

/**
 * Copies the bytes of a source, so that the caller can change the source afterwards.
 *
 * @example Keep bytes while their source changes
 * ```ts
 * import { copyOfBytes } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * const source = Uint8Array.of(1, 2);
 * const copy = copyOfBytes("the data", source);
 * source.fill(0);
 * assertEquals(copy, Uint8Array.of(1, 2));
 * ```
 *
 * @param what The source's name in the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function copyOfBytes(what: string, source: unknown): Uint8Array<ArrayBuffer> {
  // Not slice(): a Buffer of Node returns a view of the same memory.
  return new Uint8Array(bytesOf(what, source));
}

/**
 * Throws unless a value is a source of bytes.
 *
 * @example Refuse a string where bytes are needed
 * ```ts
 * import { assertBytes } from "@winipc/winipc/ffi";
 * import { assertThrows } from "@std/assert";
 *
 * assertBytes("the message", new ArrayBuffer(8));
 * assertThrows(() => assertBytes("the message", "hello"), TypeError, "the message to be bytes");
 * ```
 *
 * @param what The value's name in the message: `"the message"`.
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
 * Throws if the bytes of a view are gone. The length of such a typed array is 0, so only a method
 * such as `at()` finds out. The length of such a DataView throws by itself.
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
  if (typeof value === "string") return "a string: encode it by new TextEncoder().encode(text)";
  return Array.isArray(value) ? "an array: convert it by Uint8Array.from(array)" : show(value);
}

/**
 * Errors as they cross a link: name, message, code and cause.
 *
 * @module
 */

import { show } from "../../ffi/arguments.ts";
import { isIssues, ValidationError } from "./validation.ts";

/** The cause of an error: another error, or any value that can be cloned. */
type Cause =
  | readonly [kind: "error", error: ErrorRecord]
  | readonly [kind: "value", value: unknown];

/** An error as it crosses a link. */
export type ErrorRecord = readonly [
  name: string,
  message: string,
  code: string | number | undefined,
  cause: Cause | undefined,
  stack: string | undefined,
];

/** Number of fields of an {@linkcode ErrorRecord}. */
const FIELDS = 5;
/** Maximum number of errors in a chain of causes. An error beyond it is left out. */
const MAX_DEPTH = 8;

/**
 * An error of the peer whose class this process does not restore.
 *
 * `call()` and streams restore JavaScript's and Deno's own classes, such as `TypeError` and
 * `Deno.errors.NotFound`, and the usual `DOMException`s. Every other error is a `RemoteError` with
 * the name of the peer's class.
 *
 * @example Tell the errors of a handler apart
 * ```ts
 * import { connectName, RemoteError, serveName } from "@winipc/winipc/rpc";
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 *
 * class OutOfPaper extends Error {
 *   override name = "OutOfPaper";
 *   code = 17;
 * }
 *
 * const handlers = {
 *   print(): void {
 *     throw new OutOfPaper("The tray is empty");
 *   },
 * };
 * await using _service = serveName("docs of RemoteError", handlers);
 * // In practice, the client is another process.
 * await using printer = await connectName<typeof handlers>("docs of RemoteError");
 *
 * const error: unknown = await printer.call("print").catch((error) => error);
 * assertInstanceOf(error, RemoteError);
 * assertEquals([error.name, error.message, error.code], ["OutOfPaper", "The tray is empty", 17]);
 * ```
 */
export class RemoteError extends Error {
  /** The name of the error's class at the peer. */
  override readonly name: string;
  /** The code of the peer's error, if it has one: a text or a number. */
  readonly code?: string | number;

  /** Makes an error with the name of a class at the peer. */
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Options of {@linkcode toRecord}. */
export interface RecordOptions {
  /** Whether stacks cross. They name files of this machine. @default false */
  stacks?: boolean;
}

/** Describes anything that was thrown, for the peer. It runs getters, and throws nothing. */
export function toRecord(thrown: unknown, { stacks = false }: RecordOptions = {}): ErrorRecord {
  try {
    if (thrown instanceof Error) return recordOf(thrown, stacks, [thrown]);
    const message = `The peer threw ${show(thrown)}, which is not an error`;
    return ["RemoteError", message, undefined, ["value", thrown], undefined];
  } catch {
    // Even the class of a Proxy cannot be asked for, if its trap throws or it is revoked.
    const message = "The peer threw a Proxy that cannot be read";
    return ["RemoteError", message, undefined, undefined, undefined];
  }
}

/** @param chain The error and the errors whose cause it is, because causes can be a cycle. */
function recordOf(error: Error, stacks: boolean, chain: readonly Error[]): ErrorRecord {
  const code = read(error, "code");
  const stack = stacks ? read(error, "stack") : undefined;
  return [
    textOf(read(error, "name"), "Error"),
    textOf(read(error, "message"), ""),
    isCode(code) ? code : undefined,
    causeOf(error, stacks, chain),
    typeof stack === "string" ? stack : undefined,
  ];
}

function causeOf(error: Error, stacks: boolean, chain: readonly Error[]): Cause | undefined {
  const cause = read(error, "cause");
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return ["value", cause];
  if (chain.length === MAX_DEPTH || chain.includes(cause)) return undefined;
  return ["error", recordOf(cause, stacks, [...chain, cause])];
}

/** Returns a record without the causes that are not errors, because one of them has no clone. */
export function withoutValues([name, message, code, cause, stack]: ErrorRecord): ErrorRecord {
  const kept: Cause | undefined = cause?.[0] === "error"
    ? ["error", withoutValues(cause[1])]
    : undefined;
  return [name, message, code, kept, stack];
}

/** Maximum length of the texts of a short record, in characters: it fits into a ring of 4 KiB. */
const MAX_NAME = 50;
const MAX_MESSAGE = 150;

/** Returns a record that any link has room for: without its cause, and with its texts cut short. */
export function shortRecord([name, message, code]: ErrorRecord): ErrorRecord {
  const kept = typeof code === "string" ? shorten(code, MAX_NAME) : code;
  return [shorten(name, MAX_NAME), shorten(message, MAX_MESSAGE), kept, undefined, undefined];
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** Reads a property of an error, which can be a getter that throws. */
function read(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function isCode(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** Returns whether a value of the peer is a description of an error. */
export function isErrorRecord(value: unknown, depth: number = 1): value is ErrorRecord {
  if (!Array.isArray(value) || value.length !== FIELDS || depth > MAX_DEPTH) return false;
  const [name, message, code, cause, stack]: unknown[] = value;
  return typeof name === "string" && typeof message === "string" &&
    (code === undefined || isCode(code)) &&
    (cause === undefined || isCause(cause, depth)) &&
    (stack === undefined || typeof stack === "string");
}

function isCause(value: unknown, depth: number): value is Cause {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return value[0] === "value" || (value[0] === "error" && isErrorRecord(value[1], depth + 1));
}

/** Makes the error that a record describes. */
export function toError([name, message, code, cause, stack]: ErrorRecord): Error {
  const error = make(name, message, cause);
  if (code !== undefined && !(error instanceof DOMException)) put(error, "code", code);
  if (cause !== undefined && !(error instanceof ValidationError)) {
    put(error, "cause", cause[0] === "error" ? toError(cause[1]) : cause[1]);
  }
  if (stack !== undefined) put(error, "stack", stack);
  return error;
}

function make(name: string, message: string, cause: Cause | undefined): Error {
  if (name === ValidationError.name && cause?.[0] === "value" && isIssues(cause[1])) {
    return new ValidationError(message, cause[1]);
  }
  const Restored = restored().get(name);
  if (Restored !== undefined) return new Restored(message);
  return DOM_NAMES.has(name) ? new DOMException(message, name) : new RemoteError(name, message);
}

function put(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true });
}

/** The names of the usual `DOMException`s. */
const DOM_NAMES: ReadonlySet<string> = new Set([
  "AbortError",
  "DataCloneError",
  "DataError",
  "EncodingError",
  "InvalidAccessError",
  "InvalidCharacterError",
  "InvalidStateError",
  "NetworkError",
  "NotAllowedError",
  "NotFoundError",
  "NotReadableError",
  "NotSupportedError",
  "OperationError",
  "QuotaExceededError",
  "SecurityError",
  "TimeoutError",
]);

/** The restored classes of `Deno.errors`. */
const DENO_NAMES = [
  "AddrInUse",
  "AddrNotAvailable",
  "AlreadyExists",
  "BadResource",
  "BrokenPipe",
  "Busy",
  "ConnectionAborted",
  "ConnectionRefused",
  "ConnectionReset",
  "FilesystemLoop",
  "Http",
  "Interrupted",
  "InvalidData",
  "IsADirectory",
  "NetworkUnreachable",
  "NotADirectory",
  "NotCapable",
  "NotConnected",
  "NotFound",
  "NotSupported",
  "PermissionDenied",
  "TimedOut",
  "UnexpectedEof",
  "WouldBlock",
  "WriteZero",
] as const satisfies readonly (keyof typeof Deno.errors)[];

let classes: ReadonlyMap<string, new (message: string) => Error> | undefined;

/** Returns the restored classes by name. They are collected when the first error comes. */
function restored(): ReadonlyMap<string, new (message: string) => Error> {
  return classes ??= new Map<string, new (message: string) => Error>([
    ["Error", Error],
    ["EvalError", EvalError],
    ["RangeError", RangeError],
    ["ReferenceError", ReferenceError],
    ["SyntaxError", SyntaxError],
    ["TypeError", TypeError],
    ["URIError", URIError],
    ...DENO_NAMES.map((name) => [name, Deno.errors[name]] as const),
  ]);
}

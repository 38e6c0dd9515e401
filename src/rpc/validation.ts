/**
 * The check of a caller's arguments by a schema of any library that follows Standard Schema.
 *
 * @see {@link https://standardschema.dev}
 * @module
 */

import { assertObject, show } from "../../ffi/arguments.ts";

/**
 * A schema, as Standard Schema describes it. The schemas of Zod, Valibot, ArkType and other
 * libraries have this interface.
 *
 * @see {@link https://standardschema.dev}
 */
export interface StandardSchema<Output = unknown> {
  /** The part of a schema that all libraries have in common. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The library's name. */
    readonly vendor: string;
    /** Checks a value. It returns a result or the promise of a result. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  };
}

/** The result of a check: the value, or the issues that were found. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** A fault that a schema has found. */
export interface StandardIssue {
  /** The fault in words. */
  readonly message: string;
  /** The keys that lead to the faulty part of the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A fault in the arguments of a call. */
export interface ValidationIssue {
  /** The fault in words, as the schema gives it. */
  readonly message: string;
  /** The keys that lead to the faulty part of the arguments. */
  readonly path: readonly (string | number)[];
}

/** Maximum number of issues that cross a link. */
const MAX_ISSUES = 100;

/**
 * The error of a call whose arguments the service's schema refuses.
 *
 * @example See which argument is wrong
 * ```ts
 * import { connectName, serveName, type StandardSchema, ValidationError } from "@winipc/winipc/rpc";
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 *
 * // In practice, the schema is one of a library such as Zod or Valibot.
 * const Name: StandardSchema<{ name: string }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "docs",
 *     validate: (value) =>
 *       value instanceof Object && "name" in value && typeof value.name === "string"
 *         ? { value: { name: value.name } }
 *         : { issues: [{ message: "Expected a text", path: ["name"] }] },
 *   },
 * };
 *
 * const handlers = { greet: ({ name }: { name: string }) => `Hello, ${name}` };
 * const options = { validate: { greet: Name } };
 * await using _service = serveName("docs of ValidationError", handlers, options);
 *
 * // In practice, the caller is another process, perhaps a script without types.
 * type Untyped = { greet(args: unknown): string };
 * await using greeter = await connectName<Untyped>("docs of ValidationError");
 * const error: unknown = await greeter.call("greet", { name: 7 }).catch((error) => error);
 * assertInstanceOf(error, ValidationError);
 * assertEquals(error.issues, [{ message: "Expected a text", path: ["name"] }]);
 * ```
 */
export class ValidationError extends TypeError {
  /** The name of the class: `"ValidationError"`. */
  override readonly name = "ValidationError";
  /** The faults that were found, at most 100. They cross a link as the error's cause. */
  readonly issues: readonly ValidationIssue[];

  /** Makes an error for faulty arguments. */
  constructor(message: string, issues: readonly ValidationIssue[]) {
    super(message, { cause: issues });
    this.issues = issues;
  }
}

/** Throws unless an option is a schema. */
export function assertSchema(name: string, value: unknown): asserts value is StandardSchema {
  const standard: unknown = value instanceof Object ? Reflect.get(value, "~standard") : undefined;
  const isSchema = standard instanceof Object && "validate" in standard &&
    typeof standard.validate === "function";
  if (isSchema) return;
  assertObject(name, value);
  throw new TypeError(
    `Expected ${name} to be a Standard Schema: an object with the property "~standard"`,
  );
}

/**
 * Returns the value of a schema's result.
 *
 * @param name The handler's name, for the message.
 * @throws {ValidationError} If the schema has found issues.
 * @throws {TypeError} If the result is not one of Standard Schema. The handler must not run then.
 */
export function validValue(name: string, result: StandardResult<unknown>): unknown {
  assertResult(name, result);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, MAX_ISSUES).map(({ message, path = [] }) => ({
    message: String(message),
    // Not map(): some libraries have a class of their own for paths.
    path: Array.from(path, keyOf),
  }));
  const first = issues[0] === undefined ? "" : `: ${describe(issues[0])}`;
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : "";
  throw new ValidationError(`The arguments of "${name}" are invalid${first}${more}`, issues);
}

function assertResult(name: string, result: unknown): void {
  const isResult = isObject(result) &&
    ("issues" in result && result.issues !== undefined
      ? Array.isArray(result.issues) && result.issues.every(isObject)
      : "value" in result);
  if (isResult) return;
  throw new TypeError(
    `The schema of "${name}" returned ${show(result)}, which is no result of Standard Schema`,
  );
}

/** Returns whether a value is an object, also one without a prototype. */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Returns a part of a path as a value that can be cloned. */
function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "number" ? key : String(key);
}

function describe({ message, path }: ValidationIssue): string {
  return path.length === 0 ? message : `${message} (at ${path.join(".")})`;
}

/** Returns whether a value of the peer is a list of issues. */
export function isIssues(value: unknown): value is readonly ValidationIssue[] {
  return Array.isArray(value) && value.length <= MAX_ISSUES && value.every(isIssue);
}

function isIssue(value: unknown): value is ValidationIssue {
  return value instanceof Object && "message" in value && typeof value.message === "string" &&
    "path" in value && Array.isArray(value.path) &&
    value.path.every((key: unknown) => typeof key === "string" || typeof key === "number");
}

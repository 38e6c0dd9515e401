/**
 * Tells apart the errors of a NATS client: those that pass, and those that no waiting heals.
 *
 * The client's classes are not imported, so errors are known by their names and numbers.
 *
 * @module
 */

/**
 * An error of the client.
 *
 * - `"outOfOrder"`: the stream lacks the message before this one.
 * - `"tooLong"`: the message is longer than the stream takes.
 * - `"passing"`: the server cannot be reached, or does not take the message now.
 * - `"final"`: no waiting heals it.
 */
export type FailureKind = "outOfOrder" | "tooLong" | "passing" | "final";

/** The server's numbers of errors that are not known by their HTTP status. */
const KINDS_BY_CODE: ReadonlyMap<number, FailureKind> = new Map([
  [10054, "tooLong"],
  [10070, "outOfOrder"],
]);

/**
 * The names of errors about an answer that has not come, or cannot come. If the connection is closed
 * for good, the bridge ends the routes.
 */
const PASSING_NAMES: readonly string[] = [
  "ClosedConnectionError",
  "ConnectionReset",
  "DrainingConnectionError",
  "JetStreamNotEnabled",
  "NoRespondersError",
  "RequestError",
  "TimeoutError",
];

/** Another server answers first with "conflict" if the same message is being stored. */
const CONFLICT = 409;
const SERVER_ERRORS = 500;

/** Returns the kind of an error. */
export function kindOf(error: unknown): FailureKind {
  if (!(error instanceof Error)) return "final";
  if (hasName(error.cause, "PermissionViolationError")) return "final";
  if (PASSING_NAMES.includes(error.name)) return "passing";
  const kind = KINDS_BY_CODE.get(numberOf(error, "code"));
  if (kind !== undefined) return kind;
  const status = numberOf(error, "status");
  return status === CONFLICT || status >= SERVER_ERRORS ? "passing" : "final";
}

/** The server's number of the error that a stream does not exist. */
const STREAM_NOT_FOUND = 10059;
/** The server's number of the error that a consumer does not exist. */
const CONSUMER_NOT_FOUND = 10014;

/** Returns whether an error says that a stream does not exist. */
export function isStreamMissing(error: unknown): boolean {
  return error instanceof Error && numberOf(error, "code") === STREAM_NOT_FOUND;
}

/** Returns whether an error says that a consumer does not exist. */
export function isConsumerMissing(error: unknown): boolean {
  return error instanceof Error && numberOf(error, "code") === CONSUMER_NOT_FOUND;
}

/** Returns the text of what was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasName(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function numberOf(error: Error, name: "code" | "status"): number {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "number" ? value : NaN;
}

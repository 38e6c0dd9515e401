/**
 * The frames that two ends of a link exchange, and their checks. Their meaning is in
 * docs/wire_formats.md, "Requests".
 *
 * @module
 */

import { show } from "../../ffi/arguments.ts";
import { type ErrorRecord, isErrorRecord } from "./error.ts";

/** The word that begins the hello of each end. */
export const MAGIC = "winipc rpc";
/** The version of the frames. */
export const VERSION = 1;

/** Maximum number of calls and streams of one caller that are under way on a link. */
export const MAX_CALLS = 1024;
/** Maximum number of items that a consumer lets a producer send ahead. */
export const MAX_AHEAD = 65_536;

/** Maximum number of frames in a message, and of items in a frame. */
export const MAX_GROUP = 64;

/** The kinds of frames: the first element of each frame. */
export const KIND = {
  hello: 0,
  call: 1,
  stream: 2,
  credit: 3,
  abort: 4,
  result: 5,
  error: 6,
  items: 7,
  end: 8,
} as const;

/** The first frame of each end. */
export type HelloFrame = readonly [kind: typeof KIND.hello, magic: string, version: number];

/** A frame from a caller to its server. */
export type RequestFrame =
  | readonly [kind: typeof KIND.call, id: number, name: string, args: unknown]
  | readonly [kind: typeof KIND.stream, id: number, name: string, args: unknown, credit: number]
  | readonly [kind: typeof KIND.credit, id: number, credit: number]
  | readonly [kind: typeof KIND.abort, id: number, reason: ErrorRecord | undefined];

/** A frame from a server to its caller. */
export type AnswerFrame =
  | readonly [kind: typeof KIND.result, id: number, value: unknown]
  | readonly [kind: typeof KIND.error, id: number, error: ErrorRecord]
  | readonly [kind: typeof KIND.items, id: number, values: readonly unknown[]]
  | readonly [kind: typeof KIND.end, id: number];

/** A frame after the hello. */
export type Frame = RequestFrame | AnswerFrame;

/** The hello of this version. */
export const HELLO: HelloFrame = [KIND.hello, MAGIC, VERSION];

/** Number of elements of a frame, by its kind. */
const LENGTHS: readonly number[] = [3, 4, 5, 3, 3, 3, 3, 3, 2];

/**
 * Returns the frames of a message, which are not checked yet.
 *
 * @throws {Deno.errors.InvalidData} If the message is no list of frames.
 */
export function framesOf(message: unknown): readonly unknown[] {
  if (Array.isArray(message) && message.length > 0 && message.length <= MAX_GROUP) return message;
  throw invalidFrame(`a list of 1 to ${MAX_GROUP} frames`, message);
}

/**
 * Checks the first frame that came over a link.
 *
 * @throws {Deno.errors.InvalidData} If it is no hello, or the hello of another version.
 */
export function assertHello(value: unknown): void {
  const isHello = Array.isArray(value) && value.length === LENGTHS[KIND.hello] &&
    value[0] === KIND.hello && value[1] === MAGIC;
  if (!isHello) throw invalidFrame("a hello", value);
  if (value[2] !== VERSION) {
    throw new Deno.errors.InvalidData(
      `The peer speaks version ${cut(show(value[2]))} of the requests, and this end version ` +
        `${VERSION}: use the same version of this module at both ends`,
    );
  }
}

/**
 * Returns a value that came over a link as a frame, after a check of each field.
 *
 * @throws {Deno.errors.InvalidData} If the value is no frame.
 */
export function toFrame(value: unknown): Frame {
  if (isFrame(value)) return value;
  throw invalidFrame("a frame", value);
}

function isFrame(value: unknown): value is Frame {
  if (!Array.isArray(value)) return false;
  const kind: unknown = value[0];
  if (typeof kind !== "number" || kind < KIND.call || value.length !== LENGTHS[kind]) return false;
  return isPositive(value[1], Number.MAX_SAFE_INTEGER) && hasValidFields(kind, value);
}

/** Returns whether the fields after the id are valid. The kind and the length are known to be. */
function hasValidFields(kind: number, value: readonly unknown[]): boolean {
  switch (kind) {
    case KIND.call:
      return typeof value[2] === "string";
    case KIND.stream:
      return typeof value[2] === "string" && isPositive(value[4], MAX_AHEAD);
    case KIND.credit:
      return isPositive(value[2], MAX_AHEAD);
    case KIND.abort:
      return value[2] === undefined || isErrorRecord(value[2]);
    case KIND.error:
      return isErrorRecord(value[2]);
    case KIND.items:
      return Array.isArray(value[2]) && value[2].length > 0 && value[2].length <= MAX_GROUP;
    default:
      return true;
  }
}

function isPositive(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && typeof value === "number" && value > 0 && value <= most;
}

function invalidFrame(expected: string, value: unknown): Deno.errors.InvalidData {
  const got = Array.isArray(value)
    ? `an array of ${value.length} that begins with ${cut(show(value[0]))}`
    : cut(show(value));
  return new Deno.errors.InvalidData(
    `Expected ${expected} of requests, version ${VERSION}, from the peer, got ${got}`,
  );
}

/** Maximum length of a peer's text in a message, in characters. */
const MAX_SHOWN = 100;

/** Cuts a text of the peer short, for a message. */
export function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

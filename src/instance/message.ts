/**
 * The two messages between the first instance of a script and a later one: the handover of the
 * arguments, and its answer. docs/wire_formats.md describes them.
 *
 * @module
 */

/** The first four bytes of both messages: the letters WISI. */
const MAGIC = 0x4953_4957;
const VERSION = 1;
/** The offsets of the fields. The text goes to the end of the message. */
const AT = { magic: 0, version: 4, outcome: 8, text: 12 } as const;
/** Maximum length of both messages in bytes: 32 times the longest command line of Windows. */
export const MAX_LENGTH: number = 2 ** 20;
/** Maximum length of the text of an answer, in characters. */
const MAX_TEXT = 1000;

/** What a later instance hands over. */
export interface Handover {
  /** The arguments. */
  readonly args: readonly string[];
  /** The current directory, to which paths in the arguments are relative. */
  readonly cwd: string;
}

/** The outcomes of a handover, in the order of their numbers in the message. */
const OUTCOMES = ["taken", "failed", "refused"] as const;

/** The answer of the first instance. */
export interface Answer {
  /** Whether `onSecond` has taken the arguments, or has failed, or nobody could read them. */
  readonly outcome: typeof OUTCOMES[number];
  /** The error, if there is one. */
  readonly text: string;
}

/**
 * Returns the bytes of a handover.
 *
 * @throws {RangeError} If the message is longer than {@linkcode MAX_LENGTH}.
 */
export function encodeHandover({ args, cwd }: Handover): Uint8Array<ArrayBuffer> {
  const bytes = encode(0, JSON.stringify({ args, cwd }));
  if (bytes.length <= MAX_LENGTH) return bytes;
  throw new RangeError(
    `Expected arguments of at most ${MAX_LENGTH} bytes with the current directory, as JSON in ` +
      `UTF-8, got ${bytes.length}`,
  );
}

/**
 * Reads a handover, which any process of this user can have sent.
 *
 * @throws {Deno.errors.InvalidData} If the message is not a handover.
 */
export function decodeHandover(bytes: Uint8Array<ArrayBuffer>): { args: string[]; cwd: string } {
  const { text } = decode(bytes);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Deno.errors.InvalidData("Cannot read a handover: its text is not JSON", { cause });
  }
  const isObject = typeof parsed === "object" && parsed !== null;
  const { args, cwd }: { args?: unknown; cwd?: unknown } = isObject ? parsed as object : {};
  if (Array.isArray(args) && args.every(isString) && isString(cwd)) return { args, cwd };
  throw new Deno.errors.InvalidData(
    "Cannot read a handover: its text has no list of arguments, or no directory",
  );
}

/** Returns the bytes of an answer. */
export function encodeAnswer({ outcome, text }: Answer): Uint8Array<ArrayBuffer> {
  return encode(OUTCOMES.indexOf(outcome), text.slice(0, MAX_TEXT));
}

/**
 * Reads an answer.
 *
 * @throws {Deno.errors.InvalidData} If the message is not an answer.
 */
export function decodeAnswer(bytes: Uint8Array<ArrayBuffer>): Answer {
  const { number, text } = decode(bytes);
  const outcome = OUTCOMES[number];
  if (outcome !== undefined) return { outcome, text };
  throw new Deno.errors.InvalidData(`Cannot read an answer: its outcome ${number} is unknown`);
}

function encode(number: number, text: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(AT.text + encoded.length);
  const data = new DataView(bytes.buffer);
  data.setUint32(AT.magic, MAGIC, true);
  data.setUint32(AT.version, VERSION, true);
  data.setUint32(AT.outcome, number, true);
  bytes.set(encoded, AT.text);
  return bytes;
}

function decode(bytes: Uint8Array<ArrayBuffer>): { number: number; text: string } {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < AT.text || data.getUint32(AT.magic, true) !== MAGIC) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${bytes.length} bytes as a message between two instances of a script`,
    );
  }
  const version = data.getUint32(AT.version, true);
  if (version !== VERSION) {
    throw new Deno.errors.InvalidData(
      `Cannot read a message between two instances: its version is ${version}, not ${VERSION}; ` +
        "both scripts must use the same version of winipc",
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(AT.text));
    return { number: data.getUint32(AT.outcome, true), text };
  } catch (cause) {
    throw new Deno.errors.InvalidData("Cannot read a message: its text is not UTF-8", { cause });
  }
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

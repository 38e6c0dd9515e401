/**
 * The format of recordings: docs/recordings.md describes each byte.
 *
 * @module
 */

import { fnv1a, parseDescription } from "../../struct/description.ts";
import type { TapForm, TapKind } from "../../channel/tap/form.ts";
import { MAX_METADATA } from "../../channel/frame/layout.ts";

/** The first bytes of a recording: the letters WIPCREC, and the end of a text file on Windows. */
const MAGIC = Uint8Array.of(0x57, 0x49, 0x50, 0x43, 0x52, 0x45, 0x43, 0x1a);
/** The version of the format. */
const VERSION = 1;
/** The kinds; the number in the file is the index. */
const KINDS: readonly (TapKind | undefined)[] = [undefined, "broadcast", "latest", "frame"];
/** Length of the fixed part of the header in bytes. */
export const FIXED_LENGTH = 48;
/** Maximum length of a header in bytes: the fixed part, a description and a name. */
const MAX_HEADER = 2 ** 17;
/** Maximum length of a message in bytes, as of a frame: half the largest memory of a ring. */
const MAX_MESSAGE = 2 ** 30;

/** The types of records. 0 is none: a file that was cut off by a power failure ends in zeros. */
export const RECORD = { message: 1, missed: 2, end: 3, frame: 4 } as const;

/** Maximum length of a record without its bytes: a type and three numbers. */
export const MAX_HEAD = 1 + 3 * 8;

/** The reasons for the end of a recording; the number in the file is the index. */
export const END_REASONS = ["stopped", "closed", "died"] as const;

/** The reason for the end: the recorder was stopped, or the sender was closed or has died. */
export type EndReason = typeof END_REASONS[number];

/** The header of a recording. */
export interface RecordingHeader {
  /** What is needed to create the ring, the value or the frame again. */
  readonly form: TapForm;
  /** The full name of what was recorded. */
  readonly name: string;
  /** The time of the first record in milliseconds since 1970. */
  readonly start: number;
}

/** Encodes a header. */
export function encodeHeader({ form, name, start }: RecordingHeader): Uint8Array<ArrayBuffer> {
  const description = new TextEncoder().encode(signatureOf(form));
  const nameBytes = new TextEncoder().encode(name);
  const bytes = new Uint8Array(FIXED_LENGTH + description.length + nameBytes.length);
  const data = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  data.setUint16(8, VERSION, true);
  data.setUint16(10, KINDS.indexOf(form.kind), true);
  data.setUint32(12, bytes.length, true);
  data.setBigUint64(16, BigInt(Math.trunc(start)), true);
  settingsOf(form).forEach((setting, index) => data.setUint32(24 + 4 * index, setting, true));
  data.setUint32(36, description.length, true);
  data.setUint32(40, nameBytes.length, true);
  bytes.set(description, FIXED_LENGTH);
  bytes.set(nameBytes, FIXED_LENGTH + description.length);
  return bytes;
}

function settingsOf(form: TapForm): number[] {
  if (form.kind === "broadcast") return [form.settings.capacity, form.settings.maxMessageLength];
  if (form.kind === "latest") return [form.layout.byteLength];
  return [form.settings.byteLength, form.settings.slots, form.settings.maxReaders];
}

function signatureOf(form: TapForm): string {
  return form.kind === "frame" ? "" : form.layout?.signature ?? "";
}

/**
 * Returns the length of a header from its fixed part.
 *
 * @throws {TypeError} If the bytes do not begin a recording. The message is a clause.
 */
export function headerLengthOf(fixed: Uint8Array): number {
  if (MAGIC.some((byte, index) => fixed[index] !== byte)) {
    throw new TypeError("it does not begin with WIPCREC");
  }
  if (fixed.length < FIXED_LENGTH) throw new TypeError("its header is cut off");
  const data = new DataView(fixed.buffer, fixed.byteOffset, fixed.length);
  const version = data.getUint16(8, true);
  if (version !== VERSION) {
    throw new TypeError(`it has version ${version}, and this winipc reads version ${VERSION}`);
  }
  const length = data.getUint32(12, true);
  const parts = FIXED_LENGTH + data.getUint32(36, true) + data.getUint32(40, true);
  if (length !== parts || length > MAX_HEADER) {
    throw new TypeError("the lengths in its header contradict each other");
  }
  return length;
}

/**
 * Decodes a whole header.
 *
 * @throws {TypeError} If it contradicts itself. The message is a clause.
 */
export function decodeHeader(bytes: Uint8Array): RecordingHeader {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const afterText = FIXED_LENGTH + data.getUint32(36, true);
  // Each byte becomes one character, so that invalid UTF-8 cannot look like another text.
  const signature = new TextDecoder("latin1").decode(bytes.subarray(FIXED_LENGTH, afterText));
  const settings = [24, 28, 32].map((offset) => data.getUint32(offset, true));
  return {
    form: decodeForm(KINDS[data.getUint16(10, true)], settings, signature),
    name: new TextDecoder().decode(bytes.subarray(afterText)),
    start: Number(data.getBigUint64(16, true)),
  };
}

function decodeForm(
  kind: TapKind | undefined,
  [first = 0, second = 0, third = 0]: number[],
  signature: string,
): TapForm {
  const layout = { signature, layoutHash: fnv1a(signature) };
  if (signature !== "" && parseDescription(signature) === undefined) {
    throw new TypeError("its description of the layout is invalid");
  }
  if (first > MAX_MESSAGE) throw new TypeError(`its messages take ${first} bytes`);
  if (kind === "broadcast") {
    const settings = { capacity: first, maxMessageLength: second };
    return { kind, settings, layout: signature === "" ? undefined : layout };
  }
  if (kind === "latest") {
    if (parseDescription(signature)?.byteLength !== first) {
      throw new TypeError("its description does not fit its values");
    }
    return { kind, layout: { ...layout, byteLength: first } };
  }
  if (kind === "frame") {
    return { kind, settings: { byteLength: first, slots: second, maxReaders: third } };
  }
  throw new TypeError("it holds something that this winipc does not know");
}

/** Returns the minimum and the maximum length of a message of a form in bytes. */
export function lengthsOf(form: TapForm): readonly [least: number, most: number] {
  if (form.kind === "latest") return [form.layout.byteLength, form.layout.byteLength];
  const { settings } = form;
  return [0, "capacity" in settings ? settings.maxMessageLength : settings.byteLength];
}

/** Maximum length of a frame's metadata in bytes. */
export { MAX_METADATA };

/**
 * Writes a number in units of 7 bits, the lowest first. All bytes but the last have the top bit.
 *
 * @param value A safe integer of at least 0.
 * @returns The offset after the number.
 */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Reads numbers of {@linkcode writeNumber} from bytes, one after another. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  /** The offset of the next byte. */
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /**
   * Reads the next number.
   *
   * @returns `undefined` if the bytes end within the number, and `NaN` if it is no safe integer.
   */
  next(): number | undefined {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 0x80) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : NaN;
    }
    return NaN;
  }
}

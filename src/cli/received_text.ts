/**
 * Shows the messages that `winipc listen` receives.
 *
 * @module
 */

import { decodeText } from "../messages/encoding.ts";
import { decodeValue } from "../channel/ring/message.ts";
import type { Encoding } from "./encoding.ts";
import { escapeText } from "./escape.ts";
import type { Received } from "./targets/source.ts";
import { toJson } from "./json.ts";

/** The forms in which messages are shown. */
export type ReceivedForm = "text" | "json" | "value" | "hex";

/** A message as the JSON formats print it. */
export interface ReceivedRecord {
  /** The time when winipc received the message, as ISO 8601. */
  readonly time: string;
  /** The process that has sent the message, where Windows tells it. */
  readonly from?: number;
  /** The number `dwData` of a WM_COPYDATA. */
  readonly id?: bigint;
  /** The handle of the window that a WM_COPYDATA names as its sender; missing if it names none. */
  readonly sender?: string;
  /** The number of messages that were missed before this one; missing if it is 0. */
  readonly missed?: number;
  /** The length of the message in bytes; missing for an event. */
  readonly length?: number;
  /** The form of `data`. */
  readonly as?: ReceivedForm;
  /** A text, a value, or hexadecimal digits. */
  readonly data?: unknown;
}

/** How messages are decoded. */
export interface DecodeOptions {
  /** The form; `undefined` for a text if the bytes are one, then a value, then hexadecimal. */
  readonly form: ReceivedForm | undefined;
  /** The encoding of texts. */
  readonly encoding: Encoding;
}

/** The first byte of a value of `sendValue()`. No text in UTF-8 has it. */
const VALUE_TAG = 0xff;

/** Decodes a message. A message that does not have the form becomes hexadecimal digits. */
export function toRecord(received: Received, options: DecodeOptions): ReceivedRecord {
  const { bytes, from, id, sender, missed } = received;
  return {
    time: new Date().toISOString(),
    ...(from !== undefined && { from }),
    ...(id !== undefined && { id }),
    ...(sender !== undefined && sender !== 0n && { sender: `0x${sender.toString(16)}` }),
    ...(missed !== undefined && missed > 0 && { missed }),
    ...(bytes !== undefined && { length: bytes.length, ...decode(bytes, options) }),
  };
}

/** Returns a message as a line of text. A terminal cannot be harmed by it. */
export function recordText({ time, id, from, length, as, data }: ReceivedRecord): string {
  if (as === undefined) return `${time} set`;
  const head = id === undefined ? "" : `id ${id} from ${from ?? "an unnamed window"}: `;
  if (as === "text") return head + escapeText(String(data));
  if (as === "hex") return `${head}[${length} bytes] ${data}`;
  return head + escapeText(as === "json" ? toJson(data) : inspect(data));
}

function decode(
  bytes: Uint8Array<ArrayBuffer>,
  { form, encoding }: DecodeOptions,
): { as: ReceivedForm; data: unknown } {
  try {
    if (form === "json") return { as: form, data: JSON.parse(textOf(bytes, encoding)) };
    if (form === "text" || form === undefined) return { as: "text", data: textOf(bytes, encoding) };
  } catch {
    // The bytes are not a text, or the text is not JSON.
  }
  try {
    if (form === "value" || form === undefined && bytes[0] === VALUE_TAG) {
      const data = decodeValue(bytes);
      return { as: "value", data: isJson(data) ? data : inspect(data) };
    }
  } catch {
    // The bytes are no value.
  }
  return { as: "hex", data: spaced(bytes) };
}

/** Decodes a text without the NUL after it. Throws if the bytes are no text. */
function textOf(bytes: Uint8Array<ArrayBuffer>, encoding: Encoding): string {
  const text = encoding === "ansi"
    ? decodeText(bytes, encoding)
    : new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  return text.replace(/\0$/, "");
}

/** Returns whether JSON can hold a value. It cannot hold a value that contains itself. */
function isJson(value: unknown): boolean {
  try {
    return toJson(value) !== undefined;
  } catch {
    return false;
  }
}

function inspect(value: unknown): string {
  return Deno.inspect(value, { colors: false, compact: true, breakLength: Infinity, depth: 10 });
}

function spaced(bytes: Uint8Array<ArrayBuffer>): string {
  return bytes.toHex().replace(/..(?=.)/g, "$& ");
}

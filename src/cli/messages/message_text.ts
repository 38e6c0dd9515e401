/**
 * Shows messages as text, JSON, cloned values, hexadecimal bytes or structs.
 *
 * @module
 */

import { decodeText } from "../../messages/encoding.ts";
import { decodeValue } from "../../channel/ring/message.ts";
import type { Encoding } from "./encoding.ts";
import { escapeInspected, escapeText } from "../printing/escape.ts";
import { toJson } from "../printing/json.ts";
import type { Schema } from "../schema/schema.ts";
import { showValue } from "../schema/show_value.ts";

/** The forms of messages. */
export const MESSAGE_FORMS = ["text", "json", "value", "hex", "struct"] as const;

/** A form of messages. */
export type MessageForm = typeof MESSAGE_FORMS[number];

/** A message in one of the forms. */
export interface ShownMessage {
  readonly as: MessageForm;
  /** The message for JSON: a text, a value, an object with the fields, or hexadecimal bytes. */
  readonly data: unknown;
  /** The message for a terminal, without harmful characters. */
  readonly text: string;
}

/** The first byte of a value of `sendValue()`. No text in UTF-8 has it. */
const VALUE_TAG = 0xff;
/** Control characters that texts do not have: all but tabs, line breaks, and the codes of colours. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/;

/** Maximum number of holes of an array that JSON has as an array: its holes become null. */
const MAX_HOLES = 1000;

/** How messages are shown. */
export interface MessageShowerOptions {
  /** The form. Without it, each message is looked at: see {@linkcode MessageShower.show}. */
  readonly form?: MessageForm | undefined;
  /** The layout of structs. */
  readonly schema?: Schema | undefined;
  /** The encoding of texts. @default "utf-8" */
  readonly encoding?: Encoding;
}

/** Shows messages in one form. */
export class MessageShower {
  readonly #form: MessageForm | undefined;
  readonly #schema: Schema | undefined;
  readonly #encoding: Encoding;
  #unreadable = 0;

  constructor({ form, schema, encoding = "utf-8" }: MessageShowerOptions) {
    this.#form = form;
    this.#schema = schema;
    this.#encoding = encoding;
  }

  /** The sentence about messages that did not have the form; `undefined` if all had the form. */
  get note(): string | undefined {
    if (this.#unreadable === 0) return undefined;
    const form = this.#form ?? "struct";
    return `Printed ${this.#unreadable} messages as hexadecimal: they are no ${form}`;
  }

  /**
   * Shows a message. A message that does not have the form is shown as hexadecimal bytes. Without a
   * form, it is a struct if there is a schema, or else the first that fits: a text, a value, bytes.
   */
  show(bytes: Uint8Array<ArrayBuffer>): ShownMessage {
    const form = this.#form ?? (this.#schema === undefined ? undefined : "struct");
    const found = form === undefined
      ? this.#try("text", bytes) ?? this.#try("value", bytes)
      : this.#try(form, bytes);
    if (found !== undefined) return found;
    if (form !== undefined) this.#unreadable++;
    return showHex(bytes);
  }

  #try(form: MessageForm, bytes: Uint8Array<ArrayBuffer>): ShownMessage | undefined {
    try {
      return this.#as(form, bytes);
    } catch (error) {
      const isUnreadable = error instanceof TypeError || error instanceof SyntaxError ||
        error instanceof Deno.errors.InvalidData;
      if (!isUnreadable) throw error;
      return undefined;
    }
  }

  #as(form: MessageForm, bytes: Uint8Array<ArrayBuffer>): ShownMessage | undefined {
    switch (form) {
      case "text": {
        const text = textOf(bytes, this.#encoding);
        if (this.#form === undefined && CONTROL.test(text)) return undefined;
        return { as: form, data: text, text: escapeText(text.replace(/\r?\n$/, "")) };
      }
      case "json": {
        const data: unknown = JSON.parse(textOf(bytes, this.#encoding));
        return { as: form, data, text: escapeText(toJson(data)) };
      }
      case "value": {
        if (bytes[0] !== VALUE_TAG) return undefined;
        const value = decodeValue(bytes);
        return { as: form, data: forJson(value), text: inspectLine(value) };
      }
      case "struct": {
        const schema = this.#schema!;
        const text = schema.fields(bytes)
          .map(({ path, value, type }) => `${path}=${showValue(value, type)}`).join(" ");
        return { as: form, data: schema.toObject(bytes), text };
      }
      case "hex":
        return showHex(bytes);
    }
  }
}

/**
 * Decodes a text without the NUL after it, which C programs send.
 *
 * @throws {TypeError} If the bytes are no text.
 */
function textOf(bytes: Uint8Array<ArrayBuffer>, encoding: Encoding): string {
  const text = encoding === "ansi"
    ? decodeText(bytes, encoding)
    : new TextDecoder(encoding, { fatal: true }).decode(bytes);
  return text.replace(/\0$/, "");
}

function showHex(bytes: Uint8Array): ShownMessage {
  const hex = bytes.toHex();
  return { as: "hex", data: hex, text: hex };
}

/** Returns a value on one line, as `console.log` shows it. */
export function inspectLine(value: unknown): string {
  const options = { colors: false, compact: true, breakLength: Infinity, depth: 10 };
  return escapeInspected(
    Deno.inspect(value, { ...options, iterableLimit: 10_000, strAbbreviateSize: 10_000 }),
  );
}

/** Returns a value of which JSON has all parts: maps become arrays of pairs, sets arrays. */
export function forJson(value: unknown): unknown {
  try {
    return parts(value, new Set());
  } catch (error) {
    // A cycle, or a value that is nested too deep.
    if (error instanceof RangeError) return inspectLine(value);
    throw error;
  }
}

function parts(value: unknown, outer: Set<object>): unknown {
  if (typeof value === "number" && Object.is(value, -0)) return 0;
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Uint8Array) return value;
  if (outer.has(value)) throw new RangeError("A value in itself");
  outer.add(value);
  const within = (part: unknown) => parts(part, outer);
  const found = partsOfObject(value, within);
  outer.delete(value);
  return found;
}

function partsOfObject(value: object, within: (part: unknown) => unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, part]) => [within(key), within(part)]);
  if (value instanceof Set) return [...value].map(within);
  if (ArrayBuffer.isView(value)) {
    return value instanceof DataView ? bytesOf(value) : [...numbers(value)];
  }
  if (Array.isArray(value) && !isSparse(value)) return Array.from(value, within);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, within(part)]));
}

/** Returns whether an array has many holes: a message of some bytes can have 2³² of them. */
function isSparse(array: readonly unknown[]): boolean {
  return array.length > MAX_HOLES + Object.keys(array).length;
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function numbers(view: ArrayBufferView): Iterable<unknown> {
  return Symbol.iterator in view && typeof view[Symbol.iterator] === "function"
    ? Object.values(view)
    : [];
}

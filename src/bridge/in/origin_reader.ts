/**
 * Reads the headers of many messages fast.
 *
 * @module
 */

import { type MessageOrigin, originText, readOrigin, SEQUENCE_DIGITS } from "../header.ts";
import type { NatsMessage } from "../nats.ts";

/** The length of a source's identity. */
const SOURCE_LENGTH = 16;
const TEMPLATE = new TextEncoder().encode(
  originText({ source: "0".repeat(SOURCE_LENGTH), sequence: 0 }),
);
const LENGTH = TEMPLATE.length;
const SEQUENCE_AT = LENGTH - 4 - SEQUENCE_DIGITS;
const SOURCE_AT = SEQUENCE_AT - "\r\nWinipc-Sequence: ".length - SOURCE_LENGTH;
const ZERO = 48;

/**
 * Reads the origins of one route's messages.
 *
 * The client makes an object of a message's headers when they are asked for. That takes as long as
 * all else that it does to receive a short message. But a message's data and the headers before it
 * are in one buffer. If the bytes just before the data are exactly the headers that a bridge
 * writes, they are read there.
 */
export class OriginReader {
  #source = "";
  readonly #sourceBytes = new Uint8Array(SOURCE_LENGTH);

  /** Returns the origin of a message; `undefined` if no bridge has sent it. */
  read(message: NatsMessage): MessageOrigin | undefined {
    const { data } = message;
    const begin = data.byteOffset - LENGTH;
    const sequence = begin < 0
      ? undefined
      : this.#parse(new Uint8Array(data.buffer, begin, LENGTH));
    return sequence === undefined
      ? readOrigin(message.headers)
      : { source: this.#source, sequence };
  }

  /** Returns the number in the headers, and notes their source; `undefined` if they differ. */
  #parse(bytes: Uint8Array): number | undefined {
    let sequence = 0;
    for (let at = SEQUENCE_AT; at < SEQUENCE_AT + SEQUENCE_DIGITS; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      sequence = sequence * 10 + digit;
    }
    if (sequence >= Number.MAX_SAFE_INTEGER) return undefined;
    for (let at = 0; at < SOURCE_AT; at++) if (bytes[at] !== TEMPLATE[at]) return undefined;
    for (let at = SOURCE_AT + SOURCE_LENGTH; at < SEQUENCE_AT; at++) {
      if (bytes[at] !== TEMPLATE[at]) return undefined;
    }
    for (let at = LENGTH - 4; at < LENGTH; at++) if (bytes[at] !== TEMPLATE[at]) return undefined;
    let isSame = this.#source !== "";
    for (let at = 0; at < SOURCE_LENGTH; at++) {
      const byte = bytes[SOURCE_AT + at]!;
      // Visible characters: another text would have been changed on its way.
      if (byte <= 32 || byte >= 127) return undefined;
      isSame &&= byte === this.#sourceBytes[at];
    }
    if (!isSame) {
      this.#sourceBytes.set(bytes.subarray(SOURCE_AT, SOURCE_AT + SOURCE_LENGTH));
      this.#source = String.fromCharCode(...this.#sourceBytes);
    }
    return sequence;
  }
}

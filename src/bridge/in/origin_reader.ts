/**
 * Reads the headers of many messages fast.
 *
 * @module
 */

import { type MessageOrigin, originOf, originText } from "../header.ts";
import type { NatsMessage } from "../nats.ts";

/** The length of a source's identity. */
const SOURCE_LENGTH = 16;
/** The headers before the source. */
const PREFIX = new TextEncoder().encode(
  originText({ source: "", sequence: 0 }).split(" ")[0] + " ",
);
/** Maximum number of digits of a number. */
const MAX_DIGITS = 16;
const [ZERO, SPACE, CR, LF] = [48, 32, 13, 10];

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
  /** The buffer of the last message, and all of its bytes. */
  #buffer: ArrayBufferLike = new ArrayBuffer();
  #bytes = new Uint8Array(this.#buffer);

  /**
   * Returns the origin of a message; `undefined` if no bridge has sent it.
   *
   * @param data The message's data: the caller needs them, and the client makes an array each time.
   */
  read(message: NatsMessage, data: Uint8Array = message.data): MessageOrigin | undefined {
    const { buffer, byteOffset } = data;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#bytes = new Uint8Array(buffer);
    }
    const sequence = this.#parse(byteOffset);
    return sequence === undefined ? originOf(message) : { source: this.#source, sequence };
  }

  /**
   * Returns the number in the headers that end at an offset, and notes their source; `undefined` if
   * no bridge has written them.
   */
  #parse(end: number): number | undefined {
    const bytes = this.#bytes;
    let at = end - 4;
    if (at < PREFIX.length + SOURCE_LENGTH + 2) return undefined;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return undefined;
    if (bytes[at + 2] !== CR || bytes[at + 3] !== LF) return undefined;
    let sequence = 0;
    let digits = 0;
    for (let place = 1; digits < MAX_DIGITS; digits++, place *= 10) {
      const digit = bytes[at - 1]! - ZERO;
      if (digit < 0 || digit > 9) break;
      sequence += digit * place;
      at--;
    }
    at -= 1 + SOURCE_LENGTH;
    const begin = at - PREFIX.length;
    if (digits === 0 || sequence >= Number.MAX_SAFE_INTEGER || begin < 0) return undefined;
    if (bytes[at + SOURCE_LENGTH] !== SPACE) return undefined;
    for (let index = 0; index < PREFIX.length; index++) {
      if (bytes[begin + index] !== PREFIX[index]) return undefined;
    }
    let isSame = this.#source !== "";
    for (let index = 0; index < SOURCE_LENGTH; index++) {
      const byte = bytes[at + index]!;
      // Visible characters: other texts mean something else to the client.
      if (byte <= SPACE || byte >= 127) return undefined;
      isSame &&= byte === this.#sourceBytes[index];
    }
    if (!isSame) {
      this.#sourceBytes.set(bytes.subarray(at, at + SOURCE_LENGTH));
      this.#source = String.fromCharCode(...this.#sourceBytes);
    }
    return sequence;
  }
}

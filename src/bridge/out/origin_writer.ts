/**
 * Writes the headers of many messages fast.
 *
 * @module
 */

import { originLength, originText, writeOrigin } from "../header.ts";
import type { NatsClient, NatsHeaders } from "../nats.ts";

/** The length of a buffer for many headers in bytes, so that not each of them allocates one. */
const BUFFER_LENGTH = 8192;
/** The ends of the two lines after the number. */
const END = new TextEncoder().encode("\r\n\r\n");
const ZERO = 48;

/**
 * Writes the origins of one route's messages. All messages share one object of headers: the client
 * encodes the headers of a message when it is published.
 *
 * The client makes a text of the headers, and encodes it. That takes as long as all else that it
 * does to publish a short message. So the object encodes itself, if its `encode()` would return the
 * same bytes. The object then has no valid number to `get()`: a client that would not call
 * `encode()` sends messages without numbers, and not with wrong ones.
 */
export class OriginWriter {
  readonly #headers: NatsHeaders;
  readonly #source: string;
  /** The headers before the number. */
  readonly #prefix: Uint8Array;
  readonly #maxLength: number;
  /** Whether the client calls the `encode()` of this object. */
  readonly #isEncoder: boolean;
  #buffer = new Uint8Array();
  #at = 0;
  #sequence = 0;

  constructor({ headers }: Pick<NatsClient, "headers">, source: string) {
    this.#source = source;
    this.#headers = headers();
    const text = originText({ source, sequence: 0 });
    this.#prefix = new TextEncoder().encode(text.slice(0, -1 - END.length));
    this.#maxLength = originLength(source);
    this.#isEncoder = encodesTo(new TextEncoder().encode(text), headers, source);
    // So that the headers are not empty.
    writeOrigin(this.#headers, { source, sequence: -1 });
    if (this.#isEncoder) this.#headers.encode = () => this.#encode();
  }

  /** Returns the headers of a message. They are valid until the next call. */
  at(sequence: number): NatsHeaders {
    this.#sequence = sequence;
    if (!this.#isEncoder) writeOrigin(this.#headers, { source: this.#source, sequence });
    return this.#headers;
  }

  #encode(): Uint8Array {
    if (this.#at + this.#maxLength > this.#buffer.length) {
      this.#buffer = new Uint8Array(BUFFER_LENGTH);
      this.#at = 0;
    }
    const buffer = this.#buffer;
    const begin = this.#at;
    buffer.set(this.#prefix, begin);
    let end = begin + this.#prefix.length;
    for (let left = this.#sequence; left > 9; left = Math.floor(left / 10)) end++;
    this.#at = end + 1;
    for (let left = this.#sequence, at = end;; left = Math.floor(left / 10)) {
      buffer[at--] = ZERO + left % 10;
      if (left < 10) break;
    }
    buffer.set(END, this.#at);
    this.#at += END.length;
    return buffer.subarray(begin, this.#at);
  }
}

/** Returns whether a client's headers encode themselves to the expected bytes. */
function encodesTo(
  expected: Uint8Array,
  headers: NatsClient["headers"],
  source: string,
): boolean {
  const sample = headers();
  writeOrigin(sample, { source, sequence: 0 });
  const encoded = sample.encode?.();
  return encoded instanceof Uint8Array && encoded.length === expected.length &&
    encoded.every((byte, index) => byte === expected[index]);
}

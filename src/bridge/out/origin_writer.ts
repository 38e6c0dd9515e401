/**
 * Writes the headers of many messages fast.
 *
 * @module
 */

import { originText, SOURCE, writeOrigin } from "../header.ts";
import type { NatsClient, NatsHeaders } from "../nats.ts";

/** The number of headers in one buffer, so that not each of them allocates a buffer. */
const BATCH = 64;
const ZERO = 48;

/**
 * Writes the origins of one route's messages. All messages share one object of headers: the client
 * encodes the headers of a message when it is published.
 *
 * The client makes a text of the headers, and encodes it. That takes as long as all else that it
 * does to publish a short message. So the object encodes itself, if its `encode()` would return the
 * same bytes. The object then has no number to `get()`: a client that would not call `encode()`
 * sends messages without numbers, and not with wrong ones.
 */
export class OriginWriter {
  readonly #headers: NatsHeaders;
  readonly #source: string;
  /** The headers with the number 0; `undefined` if the client must encode the headers. */
  readonly #template: Uint8Array | undefined;
  #batch = new Uint8Array();
  #at = 0;
  #sequence = 0;

  constructor({ headers }: Pick<NatsClient, "headers">, source: string) {
    this.#source = source;
    this.#headers = headers();
    const template = new TextEncoder().encode(originText({ source, sequence: 0 }));
    if (!encodesTo(template, headers, source)) return;
    this.#template = template;
    this.#headers.set(SOURCE, source);
    this.#headers.encode = () => this.#encode(template);
  }

  /** Returns the headers of a message. They are valid until the next call. */
  at(sequence: number): NatsHeaders {
    this.#sequence = sequence;
    if (this.#template === undefined) {
      writeOrigin(this.#headers, { source: this.#source, sequence });
    }
    return this.#headers;
  }

  #encode(template: Uint8Array): Uint8Array {
    const { length } = template;
    if (this.#at === this.#batch.length) {
      this.#batch = new Uint8Array(length * BATCH);
      for (let at = 0; at < this.#batch.length; at += length) this.#batch.set(template, at);
      this.#at = 0;
    }
    const bytes = this.#batch.subarray(this.#at, this.#at += length);
    // The number is before the two ends of lines.
    let digit = length - 5;
    for (let left = this.#sequence; left > 0; left = Math.floor(left / 10)) {
      bytes[digit--] = ZERO + left % 10;
    }
    return bytes;
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

/**
 * The messages that arrive over a link: checks them, and joins the parts of values.
 *
 * @module
 */

import { AsyncQueue } from "../../wait/queue.ts";
import { NATS_KINDS, NatsFrame, NatsReceipt, readGreeting, START_LENGTH, WINDOW } from "./frame.ts";

/** A part of a value that has arrived. */
interface Part {
  readonly content: Uint8Array;
  readonly isLast: boolean;
}

/** Options of {@linkcode Incoming}. */
export interface IncomingOptions {
  /** The link's name in messages. */
  readonly label: string;
  /** The number that the peer's messages carry. */
  readonly token: bigint;
  /** Maximum length of an encoded value in bytes. */
  readonly maxLength: number;
  /** Is called when the peer should learn that it can send more. */
  readonly onTaken: () => void;
}

/** What a message is: `"value"` if it has only put something into the queue. */
export type Heard = "stranger" | "value" | "end" | { readonly taken: number };

/** The messages that arrive, from the peer and from strangers. */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #queue = new AsyncQueue<Part>();
  /** The number of the last message. */
  #sequence = 0;
  /** The bytes that have arrived and that nobody has taken. */
  #waiting = 0;
  /** The bytes that were taken. */
  #taken = 0;
  /** The bytes that were taken since the peer was told. */
  #untold = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** The content of a message that tells the peer how much was taken. */
  receipt(): Uint8Array<ArrayBuffer> {
    this.#untold = 0;
    const receipt = new Uint8Array(NatsReceipt.byteLength);
    NatsReceipt.write(receipt, { taken: this.#taken });
    return receipt;
  }

  /**
   * Checks a message. A part of a value is kept for {@linkcode take}.
   *
   * @throws {Deno.errors.ConnectionReset} If messages of the peer are missing before this one.
   * @throws {Deno.errors.InvalidData} If the peer must not send this message.
   */
  hear(data: Uint8Array): Heard {
    if (data.length < START_LENGTH) return "stranger";
    const { kind, sequence, token } = NatsFrame.read(data);
    const { label } = this.#options;
    // Anybody can publish on the subject. Only the peer knows the number. Another service that has
    // heard the hello, too, knows it and sends a welcome.
    if (token !== this.#options.token || readGreeting(data) !== undefined) return "stranger";
    this.#count(sequence);
    const content = data.subarray(START_LENGTH);
    switch (kind) {
      case NATS_KINDS.alive:
        if (content.length !== NatsReceipt.byteLength) break;
        return NatsReceipt.read(content);
      case NATS_KINDS.end:
        if (content.length !== 0) break;
        return "end";
      case NATS_KINDS.part:
      case NATS_KINDS.message:
        this.#waiting += data.length;
        if (this.#waiting > WINDOW) {
          throw this.#invalid(`the peer has sent more than ${WINDOW} bytes that nobody has taken`);
        }
        this.#queue.put({ content, isLast: kind === NATS_KINDS.message });
        return "value";
    }
    throw new Deno.errors.InvalidData(
      `The ${label} was closed: the peer has sent ${data.length} bytes that are no frame`,
    );
  }

  /** Takes the next value, or waits for it; `undefined` after the end without an error. */
  async take(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const value = new JoinedParts();
    for (;;) {
      const part = await this.#queue.take();
      if (part === undefined) return undefined;
      this.#note(START_LENGTH + part.content.length);
      value.add(part.content);
      const { maxLength } = this.#options;
      if (value.length > maxLength) {
        throw this.#invalid(
          `the peer has sent a value of more than ${maxLength} bytes; raise maxMessageLength if ` +
            "such values are right",
        );
      }
      if (part.isLast) return value.bytes();
    }
  }

  /** Ends the wait for values, after those that have arrived. */
  end(error?: Error): void {
    this.#queue.end(error);
  }

  #count(sequence: number): void {
    const expected = this.#sequence + 1 >>> 0;
    if (sequence === expected) {
      this.#sequence = expected;
      return;
    }
    const missing = sequence - expected >>> 0;
    if (missing >= 2 ** 31) {
      throw this.#invalid(`expected message ${expected} of the peer, got ${sequence}`);
    }
    throw new Deno.errors.ConnectionReset(
      `The ${this.#options.label} ended: ${missing} messages of the peer are lost; a connection ` +
        "to the NATS server was interrupted, or too slow",
    );
  }

  #note(length: number): void {
    this.#waiting -= length;
    this.#taken = this.#taken + length >>> 0;
    this.#untold += length;
    if (this.#untold >= WINDOW / 4) this.#options.onTaken();
  }

  #invalid(why: string): Deno.errors.InvalidData {
    return new Deno.errors.InvalidData(`The ${this.#options.label} was closed: ${why}`);
  }
}

/** Maximum number of parts that are kept apart: each of them costs an object and its buffer. */
const MAX_APART = 1024;

/** The parts of a value. A hostile peer can send any number of parts that are short or empty. */
class JoinedParts {
  readonly #joined: Uint8Array[] = [];
  #apart: Uint8Array[] = [];
  #lengthApart = 0;
  /** The length of all parts in bytes. */
  length = 0;

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#apart.push(part);
    this.#lengthApart += part.length;
    this.length += part.length;
    if (this.#apart.length < MAX_APART) return;
    this.#joined.push(joined(this.#apart, this.#lengthApart));
    this.#apart = [];
    this.#lengthApart = 0;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return joined([...this.#joined, ...this.#apart], this.length);
  }
}

/**
 * Joins the parts of a value. It always copies: Deno decodes typed arrays wrongly if the bytes do
 * not begin their buffer, and the value must not see the bytes of other messages.
 */
function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    content.set(part, at);
    at += part.length;
  }
  return content;
}

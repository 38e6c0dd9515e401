/**
 * The forms in which a receiver returns messages: bytes, or values of the channel's layout.
 *
 * @module
 */

import { decodeValue } from "./message.ts";
import type { MessageLayout, MessageViews } from "../../struct/tagged.ts";

/** The form in which a receiver returns messages. */
export interface Contents<Value, View> {
  /**
   * Copies a message out of the ring.
   *
   * @throws {Deno.errors.InvalidData} If the message is not of the channel's layout.
   */
  copy(offset: number, length: number): Value;
  /** Does work in advance for the next message, before a wait. */
  prepare(): void;
  /**
   * Returns the function that views messages in place.
   *
   * @param ring The ring's bytes, in the buffer that scripts get.
   * @throws {TypeError} If the channel has no layout of messages.
   */
  viewsOf(ring: Uint8Array<ArrayBuffer>): MessageViews<View>;
  /**
   * Decodes a value of `RingSender.sendValue`.
   *
   * @throws {Deno.errors.InvalidData} If the message is not a value.
   */
  valueOf(message: Value): unknown;
  /**
   * Throws if messages cannot be decoded as values of `RingSender.sendValue`.
   *
   * @throws {TypeError} If the channel has a layout of messages.
   */
  assertValues(): void;
}

/** Maximum length of an array that is made before its message has arrived, in bytes. */
const MAX_SPARE = 1024;

/** Messages as copies of their bytes. */
export class BytesContents implements Contents<Uint8Array<ArrayBuffer>, never> {
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #label: string;
  /**
   * An array for the next message, if that message is as long as the last one. Making an array
   * takes longer than all else that a receiver does. So it is made before a wait, not after it.
   */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  /** The length of the last message in bytes, or 0 if it is too long for a spare array. */
  #lastLength = 0;

  /**
   * @param ring The bytes of the ring.
   * @param label The channel's name in messages.
   */
  constructor(ring: Uint8Array<ArrayBuffer>, label: string) {
    this.#ring = ring;
    this.#label = label;
  }

  copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const ring = this.#ring;
    const spare = this.#spare;
    this.#spare = undefined;
    this.#lastLength = length <= MAX_SPARE ? length : 0;
    if (spare?.length !== length) return ring.slice(offset, offset + length);
    spare.set(new Uint8Array(ring.buffer, ring.byteOffset + offset, length));
    return spare;
  }

  prepare(): void {
    if (this.#lastLength > 0) this.#spare ??= new Uint8Array(this.#lastLength);
  }

  viewsOf(): never {
    throw new TypeError(
      `Cannot read views of the messages of the ${this.#label}: they have no layout; open the ` +
        "channel with the option message",
    );
  }

  valueOf(message: Uint8Array<ArrayBuffer>): unknown {
    return decodeValue(message, this.#label);
  }

  assertValues(): void {}
}

/** Messages as values of a layout. */
export class StructContents<Value, View> implements Contents<Value, View> {
  readonly #message: MessageLayout<Value, unknown, View>;
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #label: string;
  /** A copy of a message. The sender could change the message while its fields are read. */
  readonly #copy: DataView<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #views: { buffer: ArrayBuffer; viewAt: MessageViews<View> } | undefined;

  /**
   * @param ring The bytes of the ring.
   * @param label The channel's name in messages.
   */
  constructor(
    message: MessageLayout<Value, unknown, View>,
    ring: Uint8Array<ArrayBuffer>,
    label: string,
  ) {
    this.#message = message;
    this.#ring = ring;
    this.#label = label;
    this.#bytes = new Uint8Array(message.byteLength);
    this.#copy = new DataView(this.#bytes.buffer);
  }

  copy(offset: number, length: number): Value {
    const { buffer, byteOffset } = this.#ring;
    if (length <= this.#bytes.length) {
      this.#bytes.set(new Uint8Array(buffer, byteOffset + offset, length));
    }
    return this.#message.loadMessage(this.#copy, 0, length, this.#label);
  }

  prepare(): void {}

  viewsOf(ring: Uint8Array<ArrayBuffer>): MessageViews<View> {
    const { buffer, byteOffset, length } = ring;
    if (this.#views?.buffer !== buffer) {
      const data = new DataView(buffer, byteOffset, length);
      this.#views = { buffer, viewAt: this.#message.messageViews(data, this.#label) };
    }
    return this.#views.viewAt;
  }

  valueOf(): never {
    throw new TypeError(
      `Cannot decode a value of the ${this.#label}: its messages have a layout; call receive()`,
    );
  }

  assertValues(): void {
    this.valueOf();
  }
}

/**
 * The contents of messages: bytes that a script writes into the ring itself (claims), JavaScript
 * values, encoded by the structured clone algorithm, and values of the channel's layout. The error
 * for a value that has no clone says what to send instead.
 *
 * @see {@link https://nodejs.org/api/v8.html#serialization-api}
 * @module
 */

import { labelOf } from "../peer/memory.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { LiveView } from "../../struct/field_view.ts";
import type { MessageLayout, MessageViews } from "../../struct/tagged.ts";

/** Creates a claim. `end` commits a number of bytes, or aborts the claim if it gets `undefined`. */
export let claimOver: (
  bytes: Uint8Array<ArrayBuffer>,
  end: (length: number | undefined) => void,
) => RingClaim;

/**
 * Room for one message in the ring of a channel, from `RingSender.claim`. Fill its bytes, and then
 * commit or abort the claim once. A structured clone of a claim is an empty object: clone a copy of
 * its bytes instead.
 *
 * @example Encode a text directly into the ring
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * using receiver = channel.receiver();
 * using claim = sender.claim(100);
 * if (claim !== undefined) {
 *   const { written } = new TextEncoder().encodeInto("Hello", claim.bytes);
 *   claim.commit(written);
 * }
 * assertEquals(new TextDecoder().decode(receiver.tryReceive()), "Hello");
 * ```
 */
export class RingClaim implements Disposable {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** The claimed length in bytes. `#bytes.length` becomes 0 if a script transfers the buffer. */
  readonly #length: number;
  readonly #end: (length: number | undefined) => void;
  #isOver = false;

  static {
    claimOver = (bytes, end) => new RingClaim(bytes, end);
  }

  private constructor(
    bytes: Uint8Array<ArrayBuffer>,
    end: (length: number | undefined) => void,
  ) {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#end = end;
  }

  /**
   * The bytes of the message in the ring. At first they hold data of earlier messages. Do not touch
   * them after the claim was committed or aborted: they then belong to the receiver or to another
   * message.
   *
   * @throws {Deno.errors.BadResource} If the claim was committed or aborted.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#isOver) throw overMessage(labelOf(this.#bytes.buffer));
    return this.#bytes;
  }

  /**
   * Commits the message, so that it is sent.
   *
   * @param length The number of bytes that belong to the message. @default all
   * @throws {RangeError} If `length` is more than the claimed length.
   * @throws {Deno.errors.BadResource} If the claim was committed or aborted before.
   */
  commit(length: number = this.#length): void {
    void this.bytes;
    this.#end(length);
    this.#isOver = true;
  }

  /** Aborts the claim, unless it was committed. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(undefined);
  }

  /** Aborts the claim at the end of a `using` block, unless it was committed. */
  [Symbol.dispose](): void {
    this.abort();
  }
}

/**
 * Creates the error for the use of a claim that was committed or aborted.
 *
 * @param label The channel's name in the error message.
 */
export function overMessage(label: string): Deno.errors.BadResource {
  return new Deno.errors.BadResource(
    `Cannot use a message of the ${label}: it was committed or aborted`,
  );
}

/**
 * Creates the error for a value that a sender cannot write.
 *
 * @param label The ring's name in the error message.
 */
export function withoutLayout(label: string): TypeError {
  return new TypeError(
    `Cannot write a value to the ${label}: it has no layout of messages; create and open it with ` +
      "the option message",
  );
}

/**
 * Creates the error for a cloned value of a ring whose messages have a layout.
 *
 * @param what The operation that failed, up to the ring's name: "decode a value of".
 * @param options The ring's name in the error message, and the method to call instead.
 */
export function hasLayout(
  what: string,
  { label, instead }: { label: string; instead: string },
): TypeError {
  return new TypeError(
    `Cannot ${what} the ${label}: its messages have a layout; call ${instead}()`,
  );
}

/** Loads Node's module when it is needed, because Deno loads 26 more modules for it. */
function v8(): typeof import("node:v8") {
  // deno-lint-ignore no-process-global -- the only way to load a module of Node without an await
  return process.getBuiltinModule("node:v8");
}

/**
 * Encodes a value as bytes.
 *
 * @param value Any value that can be cloned, such as `Map`, `Date`, `BigInt`, typed arrays, cycles.
 * @throws {DOMException} `DataCloneError` if the value or a part of it cannot be cloned. Functions
 *   and views of structs cannot.
 */
export function encodeValue(value: unknown): Uint8Array {
  try {
    return v8().serialize(value);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.endsWith("could not be cloned.")) throw error;
    const [message, advice] = [error.message, adviceFor(value)];
    throw new DOMException(
      advice === "" ? message : `${message.slice(0, -1)}: ${advice}`,
      "DataCloneError",
    );
  }
}

/**
 * Decodes a value.
 *
 * @param bytes The bytes from {@linkcode encodeValue}. Typed arrays of the value can share them.
 * @param label The channel's name in the error message.
 * @throws {Deno.errors.InvalidData} If the bytes were not encoded by {@linkcode encodeValue}.
 */
export function decodeValue(bytes: Uint8Array<ArrayBuffer>, label: string = "channel"): unknown {
  try {
    return v8().deserialize(bytes);
  } catch (cause) {
    throw new Deno.errors.InvalidData(
      `A message of the ${label} is not a value that was sent by sendValue()`,
      { cause },
    );
  }
}

/** Returns what to send instead of an object of this module; "" if the value contains none. */
export function adviceFor(value: unknown): string {
  const found = findUncloneable(value);
  if (found === undefined) return "";
  return found instanceof LiveView
    ? "send what Layout.read() copies out of the memory"
    : "it owns a system object: send its name, or pass it on by sendHandle() or spawn()";
}

/** Returns the first object of this module in a value, at any depth. The value can have cycles. */
function findUncloneable(value: unknown): object | undefined {
  const seen = new Set<object>();
  for (const waiting: unknown[] = [value]; waiting.length > 0;) {
    const item = waiting.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    if (item instanceof Uncloneable) return item;
    seen.add(item);
    waiting.push(...partsOf(item));
  }
  return undefined;
}

/** Returns the values in an object. It runs no getters: `serialize()` has already run them. */
function partsOf(object: object): unknown[] {
  if (ArrayBuffer.isView(object)) return [];
  if (object instanceof Map) return [...object.keys(), ...object.values()];
  if (object instanceof Set) return [...object];
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) => value);
}

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

/** The length of a buffer for many messages in bytes, and of the longest message in it. */
const SHARED_LENGTH = 32_768;
const MAX_SHARED = SHARED_LENGTH / 4;

/**
 * Messages as copies of their bytes, many of them in one buffer. That takes much less time than an
 * own buffer for each message. But a message that is kept keeps the whole buffer, and its `buffer`
 * shows other messages: so this is not for scripts.
 */
export class SharingContents extends BytesContents {
  readonly #ring: Uint8Array<ArrayBuffer>;
  #bytes = new Uint8Array();
  #at = 0;

  constructor(ring: Uint8Array<ArrayBuffer>, label: string) {
    super(ring, label);
    this.#ring = ring;
  }

  override copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > MAX_SHARED) return super.copy(offset, length);
    if (length > this.#bytes.length - this.#at) {
      this.#bytes = new Uint8Array(SHARED_LENGTH);
      this.#at = 0;
    }
    const { buffer, byteOffset } = this.#ring;
    const bytes = this.#bytes;
    const at = this.#at;
    bytes.set(new Uint8Array(buffer, byteOffset + offset, length), at);
    this.#at += length;
    return new Uint8Array(bytes.buffer, at, length);
  }

  override prepare(): void {}
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
    throw hasLayout("decode a value of", { label: this.#label, instead: "receive" });
  }

  assertValues(): void {
    this.valueOf();
  }
}

/**
 * The contents of messages: bytes that a script writes into the ring itself (claims), and
 * JavaScript values, encoded by the structured clone algorithm. The error for a value that has no
 * clone says what to send instead.
 *
 * @see {@link https://nodejs.org/api/v8.html#serialization-api}
 * @module
 */

import { labelOf } from "../peer/memory.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { LiveView } from "../../struct/field_view.ts";

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

/**
 * The one check for everything that takes bytes.
 *
 * @module
 */

import { show } from "./arguments.ts";

/**
 * Bytes that a function takes: an `ArrayBuffer`, a typed array of any kind or a `DataView`. It is taken
 * whole, byte for byte: a `Uint16Array` of 6 elements is 12 bytes.
 *
 * Shared ones (`SharedArrayBuffer`) are taken too. Their bytes are copied as they are at that moment, and
 * another thread that writes meanwhile may leave some old and some new bytes in the copy.
 */
export type ByteSource = ArrayBufferLike | ArrayBufferView<ArrayBufferLike>;

/**
 * Gives the bytes of a source: a plain `Uint8Array` over the same memory.
 *
 * @param what What the source is, for the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function bytesOf(what: string, source: unknown): Uint8Array {
  assertBytes(what, source);
  const { byteLength } = source;
  // With a length: an array over a buffer that can grow would otherwise grow with it.
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, byteLength)
    : new Uint8Array(source, 0, byteLength);
}

/**
 * Copies the bytes of a source, for whoever needs them after the caller has gone on.
 *
 * @param what What the source is, for the message: `"the message"`.
 * @throws {TypeError} If the source is not bytes, or its buffer is detached or was made too short.
 */
export function copyOfBytes(what: string, source: unknown): Uint8Array<ArrayBuffer> {
  // Not slice(), which gives a view of the same memory if the source is a Buffer of Node's.
  return new Uint8Array(bytesOf(what, source));
}

/**
 * Throws unless a value is a source of bytes.
 *
 * @param what What the value is, for the message: `"the message"`.
 * @throws {TypeError} If the value is not bytes, or its buffer is detached or was made too short.
 */
export function assertBytes(what: string, value: unknown): asserts value is ByteSource {
  if (ArrayBuffer.isView(value)) {
    assertInBounds(what, value);
    return;
  }
  if (!(value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)) {
    throw unexpected(what, described(value));
  }
  if (value instanceof ArrayBuffer && value.detached) {
    throw unexpected(what, "an ArrayBuffer that was transferred away");
  }
}

/**
 * A view whose bytes are gone looks like an empty one, but for methods that say so, or, of a DataView, its length.
 */
function assertInBounds(what: string, view: ArrayBufferView): void {
  try {
    if (view.byteLength > 0 || view instanceof DataView) return;
    Reflect.apply(Uint8Array.prototype.at, view, [0]);
  } catch {
    const { buffer } = view;
    const isDetached = buffer instanceof ArrayBuffer && buffer.detached;
    throw unexpected(
      what,
      isDetached
        ? "a view of an ArrayBuffer that was transferred away"
        : "a view beyond the end of an ArrayBuffer that was resized",
    );
  }
}

function unexpected(what: string, got: string): TypeError {
  return new TypeError(
    `Expected ${what} to be bytes (an ArrayBuffer, a typed array or a DataView), got ${got}`,
  );
}

function described(value: unknown): string {
  if (typeof value === "string") return "a string: new TextEncoder().encode(text) gives its bytes";
  return Array.isArray(value) ? "an array: Uint8Array.from(array) gives its bytes" : show(value);
}

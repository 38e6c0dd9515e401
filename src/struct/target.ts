/**
 * Memory as an argument: bytes, or an object that has bytes.
 *
 * @module
 */

import { assertBytes, type ByteSource } from "../../ffi/arguments.ts";

/**
 * Memory that contains a struct: bytes, or an object with a property `bytes`, such as a
 * `MappedView` or a `RingClaim`.
 */
export type StructTarget = ByteSource | { readonly bytes: ByteSource };

/**
 * Returns the bytes of a target.
 *
 * @param what The target's name in messages.
 * @throws {TypeError} If the target has no bytes.
 */
export function sourceOf(what: string, target: StructTarget): ByteSource {
  const isArray = target instanceof Uint8Array;
  const source: unknown = !isArray && hasBytes(target) ? target.bytes : target;
  // A Uint8Array that is not empty needs no check. An empty one can be detached.
  if (source instanceof Uint8Array && source.length > 0) return source;
  assertBytes(what, source);
  return source;
}

/** Returns a `DataView` over a part of a source, which the caller has compared with its length. */
export function dataOver(source: ByteSource, byteOffset: number, byteLength: number): DataView {
  return ArrayBuffer.isView(source)
    ? new DataView(source.buffer, source.byteOffset + byteOffset, byteLength)
    : new DataView(source, byteOffset, byteLength);
}

function hasBytes(target: unknown): target is { readonly bytes: unknown } {
  // A Blob and a Response have a method with this name.
  return typeof target === "object" && target !== null && "bytes" in target &&
    typeof target.bytes !== "function";
}

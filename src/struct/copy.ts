/**
 * Copies bytes out of and into the memory of a `DataView`, at any offset.
 *
 * @module
 */

/** Returns an array over bytes of a view's memory. Throws a `TypeError` if the memory is gone. */
export function bytesAt(data: DataView, offset: number, byteLength: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, byteLength);
}

/** Copies bytes out of a view's memory. Throws a `TypeError` if the memory is gone. */
export function copyAt(data: DataView, offset: number, byteLength: number): ArrayBuffer {
  const { buffer, byteOffset } = data;
  const start = byteOffset + offset;
  // For large copies, slice() is the fastest, because V8 does not fill the new buffer with zeros.
  return buffer instanceof ArrayBuffer
    ? buffer.slice(start, start + byteLength)
    : new Uint8Array(new Uint8Array(buffer, start, byteLength)).buffer;
}

/** Returns the bytes to store later: a copy if they are in the buffer that is written to. */
export function bytesToStore(bytes: Uint8Array, into: DataView | undefined): Uint8Array {
  return bytes.buffer === into?.buffer ? new Uint8Array(bytes) : bytes;
}

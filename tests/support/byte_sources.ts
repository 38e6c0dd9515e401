/**
 * Sources of bytes of all kinds, values that are no bytes, and sources whose bytes are gone.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ByteSource } from "../../ffi/arguments.ts";

/** Size of each source of {@linkcode byteSources}, in bytes: a multiple of the widest element. */
export const SOURCE_LENGTH = 24;

/** A class of typed arrays. */
interface Kind {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): ArrayBufferView;
}

const KINDS: readonly Kind[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Float16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

class Derived extends Uint8Array<ArrayBufferLike> {}

/** Returns sources of all kinds with their names and their bytes. */
export function byteSources(): { name: string; source: ByteSource; bytes: Uint8Array }[] {
  const sources: { name: string; source: ByteSource }[] = [];
  const buffers: [string, (byteLength: number) => ArrayBufferLike][] = [
    ["an ArrayBuffer", (byteLength) => new ArrayBuffer(byteLength)],
    ["a SharedArrayBuffer", (byteLength) => new SharedArrayBuffer(byteLength)],
    ["a resizable buffer", (byteLength) => new ArrayBuffer(byteLength, { maxByteLength: 999 })],
    ["a growable buffer", (byteLength) => new SharedArrayBuffer(byteLength, { maxByteLength: 99 })],
  ];
  for (const [what, make] of buffers) {
    sources.push({ name: what, source: make(SOURCE_LENGTH) });
    for (const Kind of KINDS) {
      const count = SOURCE_LENGTH / Kind.BYTES_PER_ELEMENT;
      const part = new Kind(make(SOURCE_LENGTH + 24), 16, count);
      sources.push({ name: `${Kind.name} in ${what}`, source: part });
      sources.push({ name: `${Kind.name} of ${what}`, source: new Kind(make(SOURCE_LENGTH)) });
    }
    const part = new DataView(make(SOURCE_LENGTH + 24), 7, SOURCE_LENGTH);
    sources.push({ name: `DataView in ${what}`, source: part });
    sources.push({ name: `DataView of ${what}`, source: new DataView(make(SOURCE_LENGTH)) });
    sources.push({ name: `Derived of ${what}`, source: new Derived(make(SOURCE_LENGTH)) });
  }
  sources.push({ name: "Buffer of a pool", source: Buffer.allocUnsafe(SOURCE_LENGTH) });
  return sources.map(({ name, source }, seed) => {
    const own = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    // No byte is 0, and adjacent bytes differ.
    own.forEach((_, index) => own[index] = 1 + (seed * 31 + index * 7) % 255);
    return { name, source, bytes: own.slice() };
  });
}

/** Returns sources that are empty without having lost bytes. */
export function emptySources(): ByteSource[] {
  const tracking = new ArrayBuffer(8, { maxByteLength: 16 });
  const emptied = new Uint16Array(tracking);
  tracking.resize(0);
  return [
    new Uint8Array(),
    new ArrayBuffer(0),
    new SharedArrayBuffer(0),
    new DataView(new ArrayBuffer(4), 4),
    new BigInt64Array(),
    emptied,
  ];
}

/** Returns values that are not bytes, each with the end of the expected message. */
export function notBytes(): { value: unknown; got: string }[] {
  return [
    { value: undefined, got: "got undefined" },
    { value: null, got: "got null" },
    { value: 5, got: "got 5" },
    { value: 5n, got: "got 5n" },
    { value: true, got: "got true" },
    { value: "abc", got: "got a string" },
    { value: Symbol("abc"), got: "got Symbol(abc)" },
    { value: [1, 2, 3], got: "got an array" },
    { value: { length: 3 }, got: "got an object" },
    { value: { byteLength: 3, buffer: new ArrayBuffer(3), byteOffset: 0 }, got: "got an object" },
    { value: new Blob(["abc"]), got: "got an object" },
    { value: new Proxy(new Uint8Array(3), {}), got: "" },
    { value: Object.create(Uint8Array.prototype), got: "" },
    { value: Object.create(ArrayBuffer.prototype), got: "" },
    { value: () => {}, got: "got a function" },
    { value: Uint8Array, got: "got a function" },
  ];
}

/** Returns sources whose bytes are gone: their buffer was transferred, or became too short. */
export function lostSources(): { value: unknown; got: string }[] {
  const detached = (make: (buffer: ArrayBuffer) => unknown) => {
    const buffer = new ArrayBuffer(16);
    const value = make(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    return { value, got: "transferred away" };
  };
  const resized = (make: (buffer: ArrayBuffer) => unknown) => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 16 });
    const value = make(buffer);
    buffer.resize(4);
    return { value, got: "resized" };
  };
  const views = [
    (buffer: ArrayBuffer) => new Uint8Array(buffer, 0, 8),
    (buffer: ArrayBuffer) => new Uint8Array(buffer, 8),
    (buffer: ArrayBuffer) => new Uint16Array(buffer, 8, 2),
    (buffer: ArrayBuffer) => new BigInt64Array(buffer, 8, 1),
    (buffer: ArrayBuffer) => new DataView(buffer, 0, 8),
    (buffer: ArrayBuffer) => new DataView(buffer, 8),
    (buffer: ArrayBuffer) => new Derived(buffer, 0, 8),
    (buffer: ArrayBuffer) => Buffer.from(buffer, 0, 8),
  ];
  return [
    detached((buffer) => buffer),
    ...views.map(detached),
    ...views.map(resized),
  ];
}

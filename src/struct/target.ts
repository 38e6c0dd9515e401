/**
 * The memory of structs: as an argument, copied at any offset, and copied word by word with
 * `Atomics` while another program writes.
 *
 * A reader looks at a counter, copies, and looks at the counter again. A plain copy would be wrong
 * on ARM64, where the processor may read a byte of the copy before the first look, or after the
 * second look. `Atomics` accesses are sequentially consistent: they take place in the order of the
 * program. So all bytes of the copy are read between the two looks.
 *
 * The words are aligned in the memory. A struct can begin within a word. Then the copy begins with
 * that word, and the struct at the same place in the copy.
 *
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @see {@link https://www.hpl.hp.com/techreports/2012/HPL-2012-68.pdf}
 * @module
 */

import { assertBytes, assertInteger, bytesOf, type ByteSource } from "../../ffi/arguments.ts";

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

/** The addresses of buffers, modulo 8. */
const misalignments = new WeakMap<ArrayBufferLike, number>();

/** Integers in a buffer for atomic operations. */
export interface AtomicPlace {
  readonly buffer: ArrayBufferLike;
  /** The offset of the integers in the buffer, in bytes. */
  readonly offset: number;
  /** The size of an integer in bytes, a power of 2 up to 8. */
  readonly size: number;
}

/**
 * Throws unless atomic operations are possible at a place.
 *
 * The buffers of JavaScript and of mapped memory are aligned. A script that makes a buffer of a
 * pointer can have another one. On ARM64, an atomic operation that is not aligned ends the process.
 * On x64, another program can see a half of its result.
 *
 * @param what The user of the place in messages.
 * @throws {RangeError} If the offset, or the address of the buffer, is not a multiple of the size.
 */
export function assertAligned(what: string, { buffer, offset, size }: AtomicPlace): void {
  if (offset % size !== 0) {
    throw new RangeError(
      `Cannot use ${what}: its offset in the buffer is ${offset}, but atomic operations need a ` +
        `multiple of ${size}`,
    );
  }
  let misalignment = misalignments.get(buffer);
  if (misalignment === undefined) {
    misalignment = misalignmentOf(buffer);
    misalignments.set(buffer, misalignment);
  }
  if (misalignment % size === 0) return;
  throw new RangeError(
    `Cannot use ${what}: its buffer begins ${misalignment} bytes after a multiple of 8 in memory, ` +
      `but atomic operations need a multiple of ${size}`,
  );
}

function misalignmentOf(buffer: ArrayBufferLike): number {
  // A script without this permission cannot make a buffer of a pointer. It must not be asked for it.
  const isAllowed = typeof Deno !== "undefined" &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  if (!isAllowed || buffer.byteLength === 0) return 0;
  const pointer = Deno.UnsafePointer.of(new Uint8Array(buffer));
  return Number(Deno.UnsafePointer.value(pointer) % 8n);
}

/** The size of a word in bytes. `Atomics.load` allocates nothing for a 32-bit word. */
const WORD = 4;
const MEMORY = "the memory (the result of memory.map(), or bytes)";

/** A part of a memory, in bytes. */
export interface Part {
  /** The name of the part in messages, such as `the struct`. */
  readonly what: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Memory that another program writes at the same time. */
export class SharedWords {
  /** The memory's bytes. */
  readonly bytes: Uint8Array;
  /** All whole words of the buffer. */
  readonly #words: Int32Array;

  /**
   * @throws {TypeError} If the memory is not bytes.
   * @throws {Deno.errors.BadResource} If the memory is a closed view.
   * @throws {RangeError} If the memory's buffer does not begin at a multiple of 4 in memory.
   */
  constructor(target: StructTarget) {
    this.bytes = bytesOf(MEMORY, sourceOf(MEMORY, target));
    const { buffer } = this.bytes;
    assertAligned("the memory", { buffer, offset: 0, size: WORD });
    this.#words = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / WORD));
  }

  /**
   * Throws unless a part is within the memory.
   *
   * @throws {TypeError} If the offset is not a number.
   * @throws {RangeError} If the offset is not an integer, or the part is not within the memory.
   */
  assertWithin({ what, byteOffset, byteLength }: Part): void {
    assertInteger(`the offset of ${what}`, byteOffset, 0);
    const available = Math.max(this.bytes.length - byteOffset, 0);
    if (byteLength <= available) return;
    throw new RangeError(
      `Expected ${byteLength} bytes for ${what} at ${byteOffset} of the memory, there are ` +
        available,
    );
  }

  /**
   * Returns the index of the word at an offset.
   *
   * @param what The name of the counter in messages.
   * @throws {RangeError} If no word begins at the offset, or the word is not within the memory.
   */
  indexOf(what: string, byteOffset: number): number {
    this.assertWithin({ what, byteOffset, byteLength: WORD });
    const at = this.bytes.byteOffset + byteOffset;
    if (at % WORD === 0) return at / WORD;
    throw new RangeError(
      `Expected ${what} to be at a multiple of ${WORD} bytes, found it at ${at} of the buffer: ` +
        "a counter that is not aligned cannot be read at once",
    );
  }

  /** Returns the word at an index of {@linkcode SharedWords.indexOf}, as a signed number. */
  load(index: number): number {
    return Atomics.load(this.#words, index);
  }

  /**
   * Copies the bytes of a part that {@linkcode SharedWords.assertWithin} has accepted. The copy is
   * whole if no other program writes meanwhile.
   */
  copy(part: Part): Uint8Array<ArrayBuffer> {
    const words = this.#words;
    const start = this.bytes.byteOffset + part.byteOffset;
    const end = start + part.byteLength;
    const first = Math.floor(start / WORD);
    const last = Math.min(Math.ceil(end / WORD), words.length);
    const copy = new Int32Array(Math.ceil(end / WORD) - first);
    for (let i = first; i < last; i++) copy[i - first] = Atomics.load(words, i);
    const copied = new Uint8Array(copy.buffer, start - first * WORD, part.byteLength);
    // The bytes after the last whole word of the buffer: at most three.
    for (let at = last * WORD; at < end; at++) {
      copied[at - start] = Atomics.load(this.bytes, at - this.bytes.byteOffset);
    }
    return copied;
  }
}

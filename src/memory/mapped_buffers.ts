/**
 * The ArrayBuffers over a mapping: one that scripts get, and private ones that they do not.
 *
 * A script can transfer the buffer that it gets to another thread, and then nothing here reaches the
 * memory through it any more. An object that needs words of the memory for its own close (a ring's
 * header) therefore keeps a private buffer over the same bytes.
 *
 * @module
 */

import type { Mapping } from "./mapping.ts";

/** Keeps an owner alive for as long as a script holds a buffer, or a typed array over it. */
const owners = new WeakMap<ArrayBuffer, object>();

/** A mapping and all buffers over it, which end together. */
export class MappedBuffers {
  /** The mapping. */
  readonly mapping: Mapping;
  /** The buffer that scripts get. */
  readonly shared: ArrayBuffer;
  readonly #offset: number;
  readonly #byteLength: number;
  readonly #owner: object | undefined;
  readonly #private: ArrayBuffer[] = [];

  /**
   * Makes the buffer that scripts get.
   *
   * @param mapping The mapping, which {@linkcode MappedBuffers.close} unmaps.
   * @param range Where the buffers begin in the mapping, and their length, in bytes.
   * @param owner What must not be collected while a buffer is in use: the handles behind the memory.
   */
  constructor(
    mapping: Mapping,
    range: { offset: number; byteLength: number },
    owner?: object,
  ) {
    this.mapping = mapping;
    this.#offset = range.offset;
    this.#byteLength = range.byteLength;
    this.#owner = owner;
    this.shared = this.#make();
  }

  /** Makes a private buffer over the same bytes. */
  addPrivate(): ArrayBuffer {
    const buffer = this.#make();
    this.#private.push(buffer);
    return buffer;
  }

  /**
   * Detaches all buffers and takes the mapping out of the address space.
   *
   * @param label What is mapped, for the message.
   * @throws {Deno.errors.Busy} If the buffer that scripts get was transferred away: its holder
   *   still reaches the memory, which stays mapped as long as the process lives.
   */
  close(label: string): void {
    for (const buffer of this.#private) detach(buffer);
    if (this.shared.detached) {
      throw new Deno.errors.Busy(
        `Cannot unmap a view of ${label}: its ArrayBuffer was transferred away, and ` +
          "whoever has it still reaches the memory; transfer a copy instead (bytes.slice())",
      );
    }
    detach(this.shared);
    this.mapping[Symbol.dispose]();
  }

  #make(): ArrayBuffer {
    const view = new Deno.UnsafePointerView(this.mapping.pointer);
    const buffer = view.getArrayBuffer(this.#byteLength, this.#offset);
    if (this.#owner !== undefined) owners.set(buffer, this.#owner);
    return buffer;
  }
}

function detach(buffer: ArrayBuffer): void {
  owners.delete(buffer);
  buffer.transfer(0);
}

/**
 * Parts of sections, mapped into this process's address space, and the ArrayBuffers over each: one that
 * scripts get, and private ones that they do not. They are detached before the part is unmapped.
 *
 * A script can transfer the buffer that it gets to another thread, and then nothing here reaches the
 * memory through it any more. An object that needs words of the memory for its own close (a ring's
 * header) therefore keeps a private buffer over the same bytes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-a-file-view}
 * @module
 */

import { lastError } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  MEMORY_BASIC_INFORMATION_SIZE,
  type MemoryBasicInformation,
  readMemoryBasicInformation,
} from "../../ffi/win32/types.ts";

/** `FILE_MAP_COPY`, an access of mappings: a page that is written to becomes private. */
export const FILE_MAP_COPY = 0x1;

const MEM_COMMIT = 0x1000;
const MEM_IMAGE = 0x1000000;
const PAGE_READWRITE = 0x4;
/** `PAGE_READWRITE`, `PAGE_WRITECOPY` (which Wine says of shared sections too), and both with `PAGE_EXECUTE_…`. */
const WRITABLE = 0xcc;

/** Mappings begin at multiples of this many bytes (`dwAllocationGranularity`, the same on every Windows). */
export const GRANULARITY = 65536;

/** A part of a section in this process's address space; unmapped by `using`, or by hand. */
export class Mapping implements Disposable {
  /** Where it begins. */
  readonly pointer: Deno.PointerObject;
  /** How long it is, in bytes. */
  readonly byteLength: number;

  /**
   * Maps a part of a section.
   *
   * @param range Where it begins, a multiple of {@linkcode GRANULARITY}, and how long
   *   it is in bytes; left out: the whole section.
   * @param attempt What is being tried, for the message.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile}
   */
  constructor(
    section: bigint,
    access: number,
    range: { offset: number; byteLength: number } | undefined,
    attempt: string,
  ) {
    const { offset, byteLength } = range ?? { offset: 0, byteLength: 0 };
    const pointer = kernel32().MapViewOfFile(
      section,
      access,
      Math.floor(offset / 2 ** 32),
      offset % 2 ** 32,
      BigInt(byteLength),
    );
    if (pointer === null) throw lastError("MapViewOfFile", attempt);
    this.pointer = pointer;
    this.byteLength = byteLength || sum(regions(pointer));
  }

  /**
   * Gives the first pages memory; those that have it already keep it, and it stays with the
   * section when this is unmapped.
   *
   * @param byteLength How many bytes from the start.
   * @param attempt What is being tried, for the message.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc}
   */
  commit(byteLength: number, attempt: string): void {
    const { VirtualAlloc } = kernel32();
    if (!VirtualAlloc(this.pointer, BigInt(byteLength), MEM_COMMIT, PAGE_READWRITE)) {
      throw lastError("VirtualAlloc", attempt);
    }
  }

  /** Whether all of the pages have memory. */
  isCommitted(): boolean {
    let committed = 0;
    for (const { regionSize, state } of regions(this.pointer)) {
      if (state !== MEM_COMMIT) break;
      committed += regionSize;
    }
    return committed >= this.byteLength;
  }

  /**
   * Whether a part of it can be written to, rather than end the process.
   *
   * @param offset Where the part begins, in bytes.
   * @param byteLength How long it is.
   */
  isWritable(offset: number, byteLength: number): boolean {
    let at = 0;
    for (const { regionSize, state, protect } of regions(this.pointer)) {
      const end = at + regionSize;
      const overlaps = at < offset + byteLength && end > offset;
      if (overlaps && (state !== MEM_COMMIT || (protect & WRITABLE) === 0)) return false;
      at = end;
    }
    return offset + byteLength <= at;
  }

  /** Whether this is the image of a program. */
  isImage(): boolean {
    return regions(this.pointer).some(({ type }) => type === MEM_IMAGE);
  }

  /** Takes it out of the address space. */
  [Symbol.dispose](): void {
    kernel32().UnmapViewOfFile(this.pointer);
  }
}

/**
 * The stretches of pages of a view, each of one state.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery}
 */
function* regions(view: Deno.PointerObject): Generator<MemoryBasicInformation> {
  const base = Deno.UnsafePointer.value(view);
  const struct = new DataView(new ArrayBuffer(MEMORY_BASIC_INFORMATION_SIZE));
  for (let offset = 0;;) {
    const at = Deno.UnsafePointer.offset(view, offset);
    if (!kernel32().VirtualQuery(at, struct, BigInt(struct.byteLength))) {
      throw lastError("VirtualQuery", "Cannot look at the pages of a view");
    }
    const region = readMemoryBasicInformation(struct);
    if (region.allocationBase !== base) return;
    yield region;
    offset += region.regionSize;
  }
}

function sum(parts: Iterable<MemoryBasicInformation>): number {
  let total = 0;
  for (const { regionSize } of parts) total += regionSize;
  return total;
}

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

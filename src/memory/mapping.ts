/**
 * Parts of sections, mapped into this process's address space.
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
   * @param section The section's handle.
   * @param access `FILE_MAP_…`.
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

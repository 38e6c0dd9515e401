/**
 * Creates, opens and describes sections: the kernel objects behind shared memory.
 *
 * Maps parts of sections into this process's address space, and makes ArrayBuffers over them: one
 * for the script, and private ones for this module. All are detached before the part is unmapped.
 *
 * The script can transfer its buffer to another thread, and this module can then no longer use that
 * buffer. Some objects need the memory in their own `close()`: a ring, for example, writes to its
 * header. They therefore keep a private buffer over the same bytes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-a-file-view}
 * @module
 */

import { errorFromStatus, lastError } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  MEMORY_BASIC_INFORMATION_SIZE,
  type MemoryBasicInformation,
  readMemoryBasicInformation,
} from "../../ffi/win32/types.ts";
import type { Handle } from "../../ffi/handle.ts";
import {
  createObject,
  type NamedRight,
  openObject,
  READ_CONTROL,
} from "../../ffi/kernel_object.ts";
import type { ObjectRights, Sddl } from "../../ffi/security.ts";
import { ntdll } from "../../ffi/win32/ntdll.ts";

/** `FILE_MAP_COPY`, an access of mappings: a write to a page makes a private copy of the page. */
export const FILE_MAP_COPY = 0x1;

const MEM_COMMIT = 0x1000;
const MEM_IMAGE = 0x1000000;
const PAGE_READWRITE = 0x4;
/**
 * The protections of writable pages: `PAGE_READWRITE` and `PAGE_WRITECOPY`, and both with
 * `PAGE_EXECUTE_…`. Wine reports `PAGE_WRITECOPY` for shared sections too.
 */
const WRITABLE = 0xcc;

/**
 * The alignment of mappings in bytes: each begins at a multiple of it in the section. This is
 * Windows' `dwAllocationGranularity`, which has the same value on every Windows.
 */
export const GRANULARITY = 65536;

/** A part of a section in this process's address space, until it is disposed. */
export class Mapping implements Disposable {
  /** The mapping's first byte. */
  readonly pointer: Deno.PointerObject;
  /** The mapping's length in bytes. */
  readonly byteLength: number;

  /**
   * Maps a part of a section.
   *
   * @param range The part's start, a multiple of {@linkcode GRANULARITY}, and its length, both in
   *   bytes; or `undefined` for the whole section.
   * @param attempt The attempted action, as the start of an error message.
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
   * Commits the first pages. Pages that are committed already stay as they are. The commit stays
   * with the section after the mapping is unmapped.
   *
   * @param byteLength The number of bytes to commit from the start.
   * @param attempt The attempted action, as the start of an error message.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc}
   */
  commit(byteLength: number, attempt: string): void {
    const { VirtualAlloc } = kernel32();
    if (!VirtualAlloc(this.pointer, BigInt(byteLength), MEM_COMMIT, PAGE_READWRITE)) {
      throw lastError("VirtualAlloc", attempt);
    }
  }

  /** Checks whether all pages are committed. */
  isCommitted(): boolean {
    let committed = 0;
    for (const { regionSize, state } of regions(this.pointer)) {
      if (state !== MEM_COMMIT) break;
      committed += regionSize;
    }
    return committed >= this.byteLength;
  }

  /**
   * Checks whether a part can be written to. A write to any other page would end the process.
   *
   * @param offset The part's start in bytes from the mapping's start.
   * @param byteLength The part's length in bytes.
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

  /** Checks whether the mapping is of an image section: a program or a DLL. */
  isImage(): boolean {
    return regions(this.pointer).some(({ type }) => type === MEM_IMAGE);
  }

  /** Removes the mapping from the address space. */
  [Symbol.dispose](): void {
    kernel32().UnmapViewOfFile(this.pointer);
  }
}

/**
 * Iterates over the regions of a mapping: runs of pages that have the same state and protection.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualquery}
 */
function* regions(view: Deno.PointerObject): Generator<MemoryBasicInformation> {
  const base = Deno.UnsafePointer.value(view);
  const struct = new DataView(new ArrayBuffer(MEMORY_BASIC_INFORMATION_SIZE));
  for (let offset = 0;;) {
    const at = Deno.UnsafePointer.offset(view, offset);
    if (!kernel32().VirtualQuery(at, struct, BigInt(struct.byteLength))) {
      throw lastError("VirtualQuery", "Cannot query the pages of a view");
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

/**
 * Keeps the owner of a buffer alive for as long as the script holds the buffer or an array over it.
 */
const owners = new WeakMap<ArrayBuffer, object>();

/** A mapping and all buffers over it, which are closed together. */
export class MappedBuffers {
  /** The mapping under the buffers. */
  readonly mapping: Mapping;
  /** The script's buffer. */
  readonly shared: ArrayBuffer;
  readonly #offset: number;
  readonly #byteLength: number;
  readonly #owner: object | undefined;
  readonly #private: ArrayBuffer[] = [];

  /**
   * Makes the script's buffer.
   *
   * @param mapping The mapping, which {@linkcode MappedBuffers.close} unmaps.
   * @param range The buffers' start in the mapping, and their length, both in bytes.
   * @param owner The object that must not be collected while a buffer is in use: it has the handles
   *   of the memory.
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
   * Detaches all buffers and removes the mapping from the address space.
   *
   * @param label The memory's name in error messages.
   * @throws {Deno.errors.Busy} If the script's buffer was transferred away. Its new owner can still
   *   access the memory, which therefore stays mapped for as long as the process lives.
   */
  close(label: string): void {
    for (const buffer of this.#private) detach(buffer);
    if (this.shared.detached) {
      throw new Deno.errors.Busy(
        `Cannot unmap a view of ${label}: its ArrayBuffer was transferred away, and ` +
          "its new owner can still access the memory; transfer a copy instead (bytes.slice())",
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

/** `SECTION_QUERY`, the right to query the size and the attributes. */
export const SECTION_QUERY = 0x1;
/** `FILE_MAP_WRITE`, a right of handles and an access of mappings. */
export const FILE_MAP_WRITE = 0x2;
/** `FILE_MAP_READ`, a right of handles and an access of mappings. */
export const FILE_MAP_READ = 0x4;

/** The rights to a section, for descriptors. */
export const SECTION_RIGHTS: ObjectRights = {
  all: 0xf001f, // SECTION_ALL_ACCESS
  everyone: SECTION_QUERY | FILE_MAP_WRITE | FILE_MAP_READ | READ_CONTROL,
};

/** The rights to a section with their names, for error messages. */
const NAMED_RIGHTS: readonly NamedRight[] = [
  { name: "SECTION_MAP_READ", mask: FILE_MAP_READ },
  {
    name: "SECTION_MAP_WRITE",
    mask: FILE_MAP_WRITE,
    without: 'open it with { access: "read" } to read it only',
  },
  { name: "SECTION_QUERY", mask: SECTION_QUERY },
];

const PAGE_READONLY = 0x2;
/** `SEC_RESERVE`: the pages are only reserved until they are committed. */
export const SEC_RESERVE = 0x4000000;

/** Returns a section's name in error messages. */
export function sectionLabel(name: string | undefined): string {
  return name === undefined ? "anonymous shared memory" : `shared memory "${name}"`;
}

/** Options for a new section. */
export interface SectionOptions {
  /** The section's name in error messages: `shared memory "Local\\x"`. */
  label: string;
  /** The size in bytes. */
  byteLength: number;
  /** The full name, or `undefined` for a section without a name. */
  name?: string | undefined;
  /** The handle of the file behind the section, or `INVALID_HANDLE_VALUE` for memory. */
  file: bigint;
  /** Whether views of the section can be writable. */
  writable: boolean;
  /** The descriptor: who can open the section. @default the default descriptor of this user */
  sddl?: Sddl;
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** Whether the pages are only reserved until they are committed. */
  reserve: boolean;
}

/**
 * Creates a new section, and never opens an existing one instead.
 *
 * @throws {Deno.errors.AlreadyExists} If an object of any kind has the name.
 * @throws {Deno.errors.PermissionDenied} If this user cannot create a `Global\` section.
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
 */
export function createSection(options: SectionOptions): Handle {
  const { label, byteLength, name, file, writable, sddl, inheritable, reserve } = options;
  return createObject({
    label,
    attempt: `Cannot create ${label} of ${byteLength} bytes`,
    name,
    sddl,
    inheritable,
    api: "CreateFileMappingW",
    create: (attributes, name) =>
      kernel32().CreateFileMappingW(
        file,
        attributes,
        (writable ? PAGE_READWRITE : PAGE_READONLY) | (reserve ? SEC_RESERVE : 0),
        Math.floor(byteLength / 2 ** 32),
        byteLength % 2 ** 32,
        name,
      ),
    open: (...args) => kernel32().OpenFileMappingW(...args),
  });
}

/**
 * Opens a section by its name.
 *
 * @param access The mask of rights to ask for.
 * @param label The section's name in error messages.
 * @param inheritable Whether child processes inherit the handle.
 * @throws {Deno.errors.NotFound} If no section has this name.
 * @throws {Deno.errors.PermissionDenied} If the section does not grant this user all of these
 *   rights.
 * @throws {Deno.errors.InvalidData} If an object of another kind has the name.
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw}
 */
export function openSection(
  name: string,
  access: number,
  label: string,
  inheritable: boolean = false,
): Handle {
  const { OpenFileMappingW: open } = kernel32();
  const api = "OpenFileMappingW";
  return openObject({ label, name, access, rights: NAMED_RIGHTS, inheritable, api, open });
}

/** `SEC_IMAGE`: an image section, which holds a program or a DLL as it is laid out to be run. */
const SEC_IMAGE = 0x1000000;

/** The size and kind of a section. */
export interface SectionInfo {
  /** The size in bytes: whole pages for memory, exact for a file. */
  byteLength: number;
  /** Whether the pages are only reserved until they are committed. */
  reserve: boolean;
  /** Whether it is an image section: a program or a DLL. */
  image: boolean;
}

/**
 * Returns the size and kind of a section.
 *
 * @param section A handle with the right to read.
 * @param attempt The attempted action, as the start of an error message.
 */
export function describeSection(section: bigint, attempt: string): SectionInfo {
  try {
    return querySection(section, attempt);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  // The handle does not grant SECTION_QUERY. The pages of a mapping show the size and kind too.
  using mapping = new Mapping(section, FILE_MAP_READ, undefined, attempt);
  return {
    byteLength: mapping.byteLength,
    reserve: !mapping.isCommitted(),
    image: mapping.isImage(),
  };
}

function querySection(section: bigint, attempt: string): SectionInfo {
  // SECTION_BASIC_INFORMATION: BaseAddress at 0, AllocationAttributes at 8, MaximumSize at 16.
  const info = new DataView(new ArrayBuffer(24));
  const status = ntdll().NtQuerySection(section, 0, info, BigInt(info.byteLength), null);
  if (status < 0) throw errorFromStatus(status, "NtQuerySection", attempt);
  const attributes = info.getUint32(8, true);
  return {
    byteLength: Number(info.getBigUint64(16, true)),
    reserve: (attributes & SEC_RESERVE) !== 0,
    image: (attributes & SEC_IMAGE) !== 0,
  };
}

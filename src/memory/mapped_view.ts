/**
 * Views: mapped parts of shared memory, which this process can read and write.
 *
 * @module
 */

import {
  assertInteger,
  assertOptions,
  integerFrom,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { lastError } from "../../ffi/error.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { markReadOnly } from "../struct/field_view.ts";
import {
  FILE_MAP_COPY,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  GRANULARITY,
  MappedBuffers,
  Mapping,
} from "./mapping.ts";

/** The access to shared memory: to read it only, or to read and write it. */
export type MemoryAccess = "read" | "readwrite";

/**
 * The access of a view: `"read"` only reads, `"readwrite"` shares writes with other processes, and
 * `"copy"` keeps writes private to the view.
 */
export type ViewAccess = MemoryAccess | "copy";

/** All values of {@linkcode MemoryAccess}. */
export const MEMORY_ACCESS = ["read", "readwrite"] as const;

/** Options for mapping a part of shared memory. */
export interface MapOptions {
  /** The start of the view, in bytes from the memory's start. It needs no alignment. @default 0 */
  offset?: number;
  /** The length of the view in bytes, at least 1. @default up to the memory's end */
  byteLength?: number;
  /** The access of the view. @default the access of the memory */
  access?: ViewAccess;
}

/** The checks of {@linkcode MapOptions}. */
export const MAP_CHECKS: OptionChecks<MapOptions> = {
  offset: integerFrom(0),
  byteLength: integerFrom(1),
  access: oneOf(["read", "readwrite", "copy"]),
};

/** A section and its properties, from which views are made. */
export interface Mappable {
  /** The memory's name in error messages: `shared memory "Local\\x"`. */
  readonly label: string;
  /** The section's handle. */
  readonly section: Handle;
  /** The handle of the file behind the section, or `undefined` for memory without a file. */
  readonly file: Handle | undefined;
  /** The memory's size in bytes. */
  readonly byteLength: number;
  /** The access that the section's handle grants. */
  readonly access: MemoryAccess;
  /** Whether the pages are only reserved until they are committed. */
  readonly reserve: boolean;
}

/** The parts of an open view. */
interface Mapped {
  readonly buffers: MappedBuffers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Makes another buffer over the memory of a view, which begins at the same byte as `view.buffer`.
 * The view's owner must not pass it to the script. This buffer still works after the script has
 * transferred `view.buffer` away. `view.close()` detaches it.
 *
 * @throws {Deno.errors.BadResource} If the view is closed.
 */
export let privateBufferOf: (view: MappedView) => ArrayBuffer;

/** Maps a part of shared memory; throws the same errors as `SharedMemory.map`. */
export let mapView: (memory: Mappable, options?: MapOptions) => MappedView;

/**
 * A view of shared memory. {@linkcode MappedView.bytes} *is* the memory, not a copy.
 *
 * Other processes see a write at once. The order in which they see several writes is only certain
 * if both sides use `Atomics`.
 *
 * A write to a view mapped with `"read"` or `"copy"` stays private. At the first write to a page,
 * Windows makes a private copy of it. This copy no longer follows the writes of other processes.
 * Windows also charges commit for the whole of such a view. A struct in a view mapped with `"read"`
 * throws when it is assigned to. A typed array or a `DataView` over the buffer cannot throw.
 * Without the private copy, Windows would end a process that writes to a read-only page.
 *
 * `close()` detaches the view's `ArrayBuffer` before it unmaps the memory, so all arrays over the
 * buffer have length 0 afterwards. Operations of Deno that use the bytes on another thread, such as
 * `Deno.write` or a digest of `crypto.subtle`, must end before the close. A view that is never
 * closed stays mapped for as long as the process lives.
 *
 * An open view, and every array over its buffer, keeps the memory's name and handle alive until
 * `SharedMemory.close` is called. This is true for the thread that mapped the view.
 *
 * @example Share a number between two views
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using view = memory.map();
 * new Float64Array(view.buffer)[0] = 21.5;
 *
 * using other = memory.map();
 * assertEquals(new Float64Array(other.buffer)[0], 21.5);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-a-file-view}
 */
export class MappedView extends Uncloneable implements Disposable {
  /** The access of the view: `"read"`, `"readwrite"` or `"copy"`. */
  readonly access: ViewAccess;
  readonly #label: string;
  readonly #file: Handle | undefined;
  #mapped: Mapped | undefined;

  static {
    privateBufferOf = (view) => view.#open().buffers.addPrivate();
    mapView = (memory, options = {}) => {
      assertOptions(options, MAP_CHECKS);
      const { offset = 0, access = memory.access } = options;
      assertInteger("offset", offset, 0, memory.byteLength - 1);
      const { byteLength = memory.byteLength - offset } = options;
      assertInteger("byteLength", byteLength, 1, memory.byteLength - offset);
      if (access === "readwrite" && memory.access === "read") {
        throw new Deno.errors.PermissionDenied(
          `Cannot map ${memory.label} to write: it was opened with { access: "read" }`,
        );
      }
      return new MappedView(memory, access, offset, byteLength);
    };
  }

  private constructor(memory: Mappable, access: ViewAccess, offset: number, byteLength: number) {
    super();
    const attempt = `Cannot map ${byteLength} bytes at ${offset} of ${memory.label}`;
    // Windows maps only from multiples of 64 KiB. The buffer begins there too, so it is aligned.
    const lead = offset % GRANULARITY;
    const range = { offset: offset - lead, byteLength: lead + byteLength };
    if (memory.reserve && memory.access === "readwrite") commit(memory, range, attempt);
    const mapping = new Mapping(memory.section.value, mapFlags(access), range, attempt);
    try {
      if (memory.reserve && memory.access === "read") assertCommitted(mapping, attempt);
      const { byteLength: whole } = mapping;
      // The memory is the owner of the buffers: the view, or an array over it, still uses the
      // memory, whose handle and name must therefore stay.
      const buffers = new MappedBuffers(mapping, { offset: 0, byteLength: whole }, memory);
      this.#file = access === "readwrite" ? memory.file?.duplicate() : undefined;
      if (access === "read") markReadOnly(buffers.shared, memory.label);
      this.#mapped = { buffers, bytes: new Uint8Array(buffers.shared, lead, byteLength) };
    } catch (error) {
      mapping[Symbol.dispose]();
      throw error;
    }
    this.#label = memory.label;
    this.access = access;
  }

  /**
   * The view's bytes, which are the memory itself. Do not write to them if the view is not
   * {@linkcode MappedView.writable}.
   *
   * @throws {Deno.errors.BadResource} If the view is closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#open().bytes;
  }

  /**
   * The buffer under {@linkcode MappedView.bytes}, for typed arrays of other kinds. Do not write to
   * it if the view is not {@linkcode MappedView.writable}.
   *
   * The buffer begins at a multiple of 64 KiB in the memory, so it is aligned for every type. The
   * view's first byte is at `bytes.byteOffset` in the buffer.
   *
   * @throws {Deno.errors.BadResource} If the view is closed.
   */
  get buffer(): ArrayBuffer {
    return this.bytes.buffer;
  }

  /**
   * The view's length in bytes.
   *
   * @throws {Deno.errors.BadResource} If the view is closed.
   */
  get byteLength(): number {
    return this.bytes.byteLength;
  }

  /**
   * Whether the view can be written to: `false` if it is mapped with `"read"`. It is `true` with
   * `"copy"`, although no other process sees the writes.
   *
   * If it is `false`, a struct in the view throws when it is assigned to. An array over the buffer
   * does not throw; the written page no longer follows the writes of other processes.
   */
  get writable(): boolean {
    return this.access !== "read";
  }

  /** Whether the view is closed. */
  get closed(): boolean {
    return this.#mapped === undefined;
  }

  /**
   * Writes changed bytes to the file behind the memory, and waits until they are on the disk. Does
   * nothing if the memory has no file, or if the view's access is not `"readwrite"`.
   *
   * @throws {Deno.errors.BadResource} If the view is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile}
   */
  flush(): void {
    const { mapping } = this.#open().buffers;
    if (this.#file === undefined) return;
    const attempt = `Cannot flush a view of ${this.#label}`;
    if (!kernel32().FlushViewOfFile(mapping.pointer, BigInt(mapping.byteLength))) {
      throw lastError("FlushViewOfFile", attempt);
    }
    // FlushViewOfFile only starts the writing:
    // https://learn.microsoft.com/windows/win32/memory/creating-a-file-view
    if (!kernel32().FlushFileBuffers(this.#file.value)) {
      throw lastError("FlushFileBuffers", attempt);
    }
  }

  /**
   * Detaches the view's buffer and unmaps the memory.
   *
   * @throws {Deno.errors.Busy} If the buffer was transferred away. Its new owner can still access
   *   the memory, which therefore stays mapped for as long as the process lives.
   */
  close(): void {
    if (this.#mapped === undefined) return;
    const { buffers } = this.#mapped;
    this.#mapped = undefined;
    this.#file?.close();
    buffers.close(this.#label);
  }

  /** Closes the view at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): Mapped {
    if (this.#mapped === undefined) {
      throw new Deno.errors.BadResource(`The view of ${this.#label} is closed`);
    }
    return this.#mapped;
  }
}

/**
 * Returns the access flags of the mapping. Even a view with `"read"` is mapped copy-on-write,
 * because a write to a page that is mapped read-only would end the process.
 */
function mapFlags(access: ViewAccess): number {
  return access === "readwrite" ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_COPY;
}

/**
 * Commits a part of a reserved section through a separate mapping, because a copy-on-write mapping
 * cannot commit.
 */
function commit(
  { section, byteLength: total }: Mappable,
  { offset, byteLength }: { offset: number; byteLength: number },
  attempt: string,
): void {
  // In Wine 10, other views do not see a commit that reaches the end of its own mapping
  // (add_committed_range in its server/mapping.c). So this mapping is longer if possible.
  const range = { offset, byteLength: Math.min(byteLength + GRANULARITY, total - offset) };
  using mapping = new Mapping(section.value, FILE_MAP_READ | FILE_MAP_WRITE, range, attempt);
  mapping.commit(byteLength, attempt);
}

/** Throws if a page is not committed, because an access to this page would end the process. */
function assertCommitted(mapping: Mapping, attempt: string): void {
  if (mapping.isCommitted()) return;
  throw new Deno.errors.NotFound(
    `${attempt}: the memory is reserved, and no process with write access has mapped all of this ` +
      "part yet",
  );
}

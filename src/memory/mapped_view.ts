/**
 * Views: parts of a shared memory that this process can read and write.
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
import { FILE_MAP_READ, FILE_MAP_WRITE } from "./section.ts";
import { FILE_MAP_COPY, GRANULARITY, MappedBuffers, Mapping } from "./mapping.ts";

/** What a memory was opened for. */
export type MemoryAccess = "read" | "readwrite";

/**
 * What a view is for: `"read"` to look, `"readwrite"` to share what is written,
 * `"copy"` to write privately.
 */
export type ViewAccess = MemoryAccess | "copy";

/** The words of {@linkcode MemoryAccess}. */
export const MEMORY_ACCESS = ["read", "readwrite"] as const;

/** Which part of a memory to map, and for what. */
export interface MapOptions {
  /** Where the view begins, in bytes from the memory's start; any number will do. @default 0 */
  offset?: number;
  /** How long it is, in bytes, at least 1. @default up to the memory's end */
  byteLength?: number;
  /** What it is for. @default what the memory was opened for */
  access?: ViewAccess;
}

/** The checks of {@linkcode MapOptions}. */
export const MAP_CHECKS: OptionChecks<MapOptions> = {
  offset: integerFrom(0),
  byteLength: integerFrom(1),
  access: oneOf(["read", "readwrite", "copy"]),
};

/** What a view needs of the memory that it shows. */
export interface Mappable {
  /** The memory as messages call it: `shared memory "Local\\x"`. */
  readonly label: string;
  /** The section's handle. */
  readonly section: Handle;
  /** The file behind it, where there is one. */
  readonly file: Handle | undefined;
  /** The memory's size in bytes. */
  readonly byteLength: number;
  /** What it was opened for. */
  readonly access: MemoryAccess;
  /** Whether its pages have no memory until they are committed. */
  readonly reserve: boolean;
}

/** What an open view has. */
interface Mapped {
  readonly buffers: MappedBuffers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Makes a further buffer over the memory of a view, from the same byte on as `view.buffer`. It is for the
 * view's owner, who must not hand it out: it works on after a script has transferred `view.buffer`
 * away, and is detached by `view.close()`.
 *
 * @throws {Deno.errors.BadResource} If the view is closed.
 */
export let privateBufferOf: (view: MappedView) => ArrayBuffer;

/** Maps a part of a memory; `SharedMemory.map` says what it throws. */
export let mapView: (memory: Mappable, options?: MapOptions) => MappedView;

/**
 * A view of a shared memory: {@linkcode MappedView.bytes} *is* the memory, no
 * copy is made.
 *
 * What one process writes the others see at once, though not in any promised
 * order unless it is written and read with `Atomics`.
 *
 * A view mapped with `"read"` or `"copy"` may be written to, and the others never
 * see it: Windows copies a page when it is first written to, and from then on that
 * page no longer follows what the others write. It also charges commit for the whole
 * of such a view. Therefore a struct in a view mapped with `"read"` throws when it is
 * assigned to. A typed array or a `DataView` over the buffer cannot throw. Without the
 * copy, Windows would end a process that writes to a read-only page.
 *
 * Closing detaches the view's `ArrayBuffer` before the memory is unmapped, so
 * that arrays over it have length 0 from then on. What Deno still does with the
 * bytes on another thread (a `Deno.write`, a digest of `crypto.subtle`) must be over before
 * the close. A view that is forgotten stays mapped for as long as the process lives.
 *
 * An open view, and every array over its buffer, keeps the memory's name and handle: only
 * `SharedMemory.close` gives them up before. This holds for the thread that mapped it.
 *
 * @example
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
  /** What the view is for. */
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
    // Windows maps from multiples of 64 KiB; the buffer begins there too, so that it is aligned.
    const lead = offset % GRANULARITY;
    const range = { offset: offset - lead, byteLength: lead + byteLength };
    if (memory.reserve && memory.access === "readwrite") commit(memory, range, attempt);
    const mapping = new Mapping(memory.section.value, mapFlags(access), range, attempt);
    try {
      if (memory.reserve && memory.access === "read") assertCommitted(mapping, attempt);
      const { byteLength: whole } = mapping;
      // Whoever holds the view, or an array over it, still uses the memory: its name has to stay.
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
   * The view's bytes, which are the memory itself. If the view is not
   * {@linkcode MappedView.writable}, do not write to them.
   *
   * @throws {Deno.errors.BadResource} If the view is closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#open().bytes;
  }

  /**
   * The buffer under {@linkcode MappedView.bytes}, for typed arrays of other kinds. If the view is
   * not {@linkcode MappedView.writable}, do not write to it.
   *
   * It begins at a multiple of 64 KiB of the memory, so that it is aligned for
   * every type; the view's first byte is at `bytes.byteOffset` in it.
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
   * Whether the view is for writing: `false` if it is mapped with `"read"`. With `"copy"` it is `true`,
   * though no other process sees what is written.
   *
   * If it is `false`, a struct in the view throws when it is assigned to. An array over the buffer does
   * not throw: the page that a script writes to no longer follows the memory.
   */
  get writable(): boolean {
    return this.access !== "read";
  }

  /** Whether the view is closed. */
  get closed(): boolean {
    return this.#mapped === undefined;
  }

  /**
   * Writes what was changed to the file behind the memory, and waits until the
   * disk has it. Of memory with no file, and of views that write privately, there
   * is nothing to write.
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
    // FlushViewOfFile only starts the writing: https://learn.microsoft.com/windows/win32/memory/creating-a-file-view
    if (!kernel32().FlushFileBuffers(this.#file.value)) {
      throw lastError("FlushFileBuffers", attempt);
    }
  }

  /**
   * Detaches the view's buffer and unmaps the memory.
   *
   * @throws {Deno.errors.Busy} If the buffer was transferred away: whoever has it
   *   still reaches the memory, which therefore stays mapped as long as the process lives.
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
 * A view that only reads is mapped copy-on-write: a store into a page that is
 * mapped read-only would end the process.
 */
function mapFlags(access: ViewAccess): number {
  return access === "readwrite" ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_COPY;
}

/** Gives memory to a part of a reserved section, through a mapping of its own: a copy-on-write one cannot. */
function commit(
  { section, byteLength: total }: Mappable,
  { offset, byteLength }: { offset: number; byteLength: number },
  attempt: string,
): void {
  // Wine 10 does not tell other views of a commit that reaches the end of the mapping it is made
  // in (add_committed_range in its server/mapping.c), so this one is longer where it can be.
  const range = { offset, byteLength: Math.min(byteLength + GRANULARITY, total - offset) };
  using mapping = new Mapping(section.value, FILE_MAP_READ | FILE_MAP_WRITE, range, attempt);
  mapping.commit(byteLength, attempt);
}

/** A buffer over a page without memory would end the process when it is touched. */
function assertCommitted(mapping: Mapping, attempt: string): void {
  if (mapping.isCommitted()) return;
  throw new Deno.errors.NotFound(
    `${attempt}: the memory is reserved, and no process that may write to it has mapped all ` +
      "of this part yet",
  );
}

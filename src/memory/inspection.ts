/**
 * Looks at a section without changing it: its size, its owner and copies of its bytes.
 *
 * A section is opened with as many of three rights as it grants: to read, to query the size, and to
 * read the descriptor. Its bytes are copied by a function that fails where a plain read would end
 * the process: at pages that are not committed, and at pages whose file is gone.
 *
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { openAsGranted } from "../../ffi/open_granted.ts";
import { copyOwnMemory } from "../../ffi/own_memory.ts";
import { ownerOf } from "../../ffi/security.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  describeSection,
  FILE_MAP_READ,
  GRANULARITY,
  Mapping,
  SECTION_QUERY,
  sectionLabel,
} from "./mapping.ts";

/** The choices of rights. `SECTION_QUERY` alone would mean `FILE_MAP_COPY`. */
const CHOICES: readonly number[] = [
  FILE_MAP_READ | SECTION_QUERY | READ_CONTROL,
  FILE_MAP_READ | SECTION_QUERY,
  FILE_MAP_READ | READ_CONTROL,
  FILE_MAP_READ,
  SECTION_QUERY | READ_CONTROL,
  READ_CONTROL,
];

/** A section that is looked at. `using` closes it. */
export class InspectedSection implements Disposable {
  /** The section's name in error messages. */
  readonly label: string;
  /** The size in bytes; 0 if it cannot be read. */
  readonly byteLength: number = 0;
  /** Whether it holds a program or a DLL. */
  readonly isImage: boolean = false;
  /** Whether its pages are only reserved until they are committed. */
  readonly isReserved: boolean = false;
  /** Whether its bytes can be read. */
  readonly isReadable: boolean;
  readonly #handle: Handle;
  readonly #access: number;
  #mapping: Mapping | undefined;

  /**
   * Opens a section.
   *
   * @param name The object's full name, with its prefix: `Local\x`.
   * @throws {Deno.errors.NotFound} If there is no such section.
   * @throws {Deno.errors.PermissionDenied} If the section grants none of the rights.
   */
  constructor(name: string) {
    this.label = sectionLabel(name);
    const { OpenFileMappingW: open } = kernel32();
    const { handle, access } = openAsGranted({
      label: this.label,
      name,
      api: "OpenFileMappingW",
      open,
      choices: CHOICES,
    });
    this.#handle = handle;
    this.#access = access;
    const canRead = (access & FILE_MAP_READ) !== 0;
    if (canRead || (access & SECTION_QUERY) !== 0) {
      try {
        const found = describeSection(handle.value, `Cannot look at ${this.label}`);
        this.byteLength = found.byteLength;
        this.isImage = found.image;
        this.isReserved = found.reserve;
      } catch (error) {
        handle.close();
        throw error;
      }
    }
    this.isReadable = canRead && !this.isImage;
  }

  /** The handle, which this object owns. */
  get handle(): bigint {
    return this.#handle.value;
  }

  /** Whether the owner and the descriptor can be read. */
  get hasDescriptor(): boolean {
    return (this.#access & READ_CONTROL) !== 0;
  }

  /** The owner's security identifier; `undefined` if there is none, or if it cannot be read. */
  get owner(): string | undefined {
    return this.hasDescriptor ? ownerOf(this.handle, this.label) : undefined;
  }

  /**
   * Copies a part of the section.
   *
   * @throws {Deno.errors.InvalidData} If the part cannot be read.
   */
  copy(offset: number, length: number): ArrayBuffer {
    if (offset + length <= GRANULARITY) {
      this.#mapping ??= this.#map(0, Math.min(GRANULARITY, this.byteLength));
      return this.#copy(this.#mapping, offset, length);
    }
    const lead = offset % GRANULARITY;
    using mapping = this.#map(offset - lead, lead + length);
    return this.#copy(mapping, lead, length);
  }

  #map(offset: number, byteLength: number): Mapping {
    const attempt = `Cannot map ${byteLength} bytes at ${offset} of ${this.label}`;
    return new Mapping(this.handle, FILE_MAP_READ, { offset, byteLength }, attempt);
  }

  #copy(mapping: Mapping, offset: number, length: number): ArrayBuffer {
    const copy = length > 0 ? copyOwnMemory(mapping.pointer, offset, length) : new ArrayBuffer(0);
    if (copy !== undefined) return copy;
    throw new Deno.errors.InvalidData(
      `Cannot read ${length} bytes at ${offset} of ${this.label}: the pages are not committed, ` +
        "or their file is gone",
    );
  }

  /** Unmaps and closes the section. */
  [Symbol.dispose](): void {
    this.#mapping?.[Symbol.dispose]();
    this.#handle.close();
  }
}

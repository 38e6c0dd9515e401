/**
 * Handles of a memory for others: with fewer rights, and in other processes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @module
 */

import { assertOneOf, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { DuplicatedHandle } from "../../ffi/process_thread.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { FILE_MAP_READ, FILE_MAP_WRITE, SECTION_QUERY } from "./section.ts";

/** What a handle in another process is to be like. */
export interface DuplicateToOptions {
  /** What it lets the process do. @default what the memory was opened for */
  access?: MemoryAccess;
}

/** The checks of {@linkcode DuplicateToOptions}. */
export const DUPLICATE_TO_CHECKS: OptionChecks<DuplicateToOptions> = {
  access: oneOf(MEMORY_ACCESS),
};

/** The rights of handles that are passed on. */
const RIGHTS: Record<MemoryAccess, number> = {
  read: FILE_MAP_READ | SECTION_QUERY,
  readwrite: FILE_MAP_READ | FILE_MAP_WRITE | SECTION_QUERY,
};

/** Puts a handle of a memory into another process. */
let duplicateMemoryInto: (memory: Mappable, pid: number, access: MemoryAccess) => DuplicatedMemory;

/** A handle of a memory in another process, which that process owns. */
export class DuplicatedMemory extends DuplicatedHandle {
  /** The memory's size in bytes. */
  readonly byteLength: number;
  /** What it lets the process do. */
  readonly access: MemoryAccess;

  static {
    duplicateMemoryInto = (...args) => new DuplicatedMemory(...args);
  }

  private constructor(memory: Mappable, pid: number, access: MemoryAccess) {
    super(memory.section, pid, RIGHTS[access]);
    this.access = access;
    this.byteLength = memory.byteLength;
  }
}

/**
 * Makes a duplicate in this process.
 *
 * @param memory The memory.
 * @param access What the duplicate grants.
 * @param inheritable Whether child processes inherit it.
 */
export function duplicateHere(
  memory: Mappable,
  access: MemoryAccess,
  inheritable: boolean = false,
): Mappable {
  assertGrants(memory, access);
  return {
    ...memory,
    section: memory.section.duplicate({ access: RIGHTS[access], inheritable }),
    file: undefined,
    access,
  };
}

/**
 * Puts a handle of a memory into another process.
 *
 * @param memory The memory.
 * @param pid The process.
 * @param options What the handle is to be like.
 */
export function duplicateTo(
  memory: Mappable,
  pid: number,
  { access = memory.access }: DuplicateToOptions,
): DuplicatedMemory {
  assertGrants(memory, access);
  return duplicateMemoryInto(memory, pid, access);
}

/** Throws unless a memory was opened for what is to be passed on. */
function assertGrants(memory: Mappable, access: MemoryAccess): void {
  assertOneOf("access", access, MEMORY_ACCESS);
  if (access === "readwrite" && memory.access === "read") {
    throw new Deno.errors.PermissionDenied(
      `Cannot pass ${memory.label} on to be written: it was opened to be read`,
    );
  }
}

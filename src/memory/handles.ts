/**
 * Checks and takes over handles of sections, which are given by value or come from the parent
 * process. Duplicates handles of memory, in this process or into another process.
 *
 * @module
 */

import { Handle, inspectHandle } from "../../ffi/handle.ts";
import { assertOneOf, integerFrom, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { describeSection, FILE_MAP_READ, FILE_MAP_WRITE, SECTION_QUERY } from "./mapping.ts";
import { adoptInherited, readInheritance } from "../names.ts";
import { DuplicatedHandle } from "../../ffi/process_thread.ts";

/** Requirements for a handle that is taken over. */
export interface FromHandleOptions {
  /**
   * The expected size in bytes, at least 1. The section can be larger by less than a page, because
   * memory consists of whole pages of 4,096 bytes. @default any
   */
  byteLength?: number;
  /** The exact access that the handle must grant. @default any */
  access?: MemoryAccess;
}

/** The checks of {@linkcode FromHandleOptions}. */
export const FROM_HANDLE_CHECKS: OptionChecks<FromHandleOptions> = {
  byteLength: integerFrom(1),
  access: oneOf(MEMORY_ACCESS),
};

/** The page size in bytes; the size of a section without a file is rounded up to whole pages. */
const PAGE = 4096;

/**
 * Takes over a handle of a section.
 *
 * @param value The handle's value in this process.
 * @param label The name of the memory in error messages. @default its handle's value
 * @throws {TypeError} If the value is neither a bigint nor an integer.
 * @throws {Deno.errors.BadResource} If the value is not a handle of a section in this process, or
 *   this script owns the handle already.
 * @throws {Deno.errors.InvalidData} If the section is an image section, or not as expected.
 * @throws {Deno.errors.PermissionDenied} If the handle does not grant the right to read.
 */
export function adoptSection(
  value: bigint | number,
  expected: FromHandleOptions,
  label?: string,
): Mappable {
  const { handle, attempt, grantedAccess } = inspectHandle(value, "Section", "a section");
  if ((grantedAccess & FILE_MAP_READ) === 0) {
    throw new Deno.errors.PermissionDenied(`${attempt}: it does not grant the right to read`);
  }
  const { byteLength, reserve, image } = describeSection(handle, attempt);
  if (image) {
    throw new Deno.errors.InvalidData(
      `${attempt}: it is an image section, of a program or a DLL, and not memory`,
    );
  }
  const access = (grantedAccess & FILE_MAP_WRITE) === 0 ? "read" : "readwrite";
  if (access !== (expected.access ?? access)) {
    throw new Deno.errors.InvalidData(
      `${attempt}: expected it to grant "${expected.access}", but it grants "${access}"`,
    );
  }
  const size = expected.byteLength ?? byteLength;
  if (size > byteLength || byteLength - size >= PAGE) {
    throw new Deno.errors.InvalidData(
      `${attempt}: expected a section of ${size} bytes, but it has ${byteLength}`,
    );
  }
  // The handle gets an owner, which closes it some time, only after all checks. A refused handle
  // stays open, because it belongs to other code.
  const kind = label ?? `shared memory of handle ${handle}`;
  const section = new Handle(handle, kind);
  return { label: kind, section, file: undefined, byteLength, access, reserve };
}

/** The description of an inherited handle, for the child. */
export interface InheritedSection {
  /** The handle's value, which is the same in parent and child. */
  handle: bigint;
  /** The section's size in bytes. */
  byteLength: number;
  /** The access that the handle grants. */
  access: MemoryAccess;
}

/**
 * Returns the value of the environment variable that describes an inherited handle to the child.
 */
export function describeInheritance({ handle, byteLength, access }: InheritedSection): string {
  return `${handle} section ${byteLength} ${access}`;
}

/**
 * Takes over the section that this process inherited under a key.
 *
 * @param label The name of the memory in error messages. @default its handle's value
 */
export function inheritSection(key: string, label?: string): Mappable {
  const form = /^([0-9]{1,10}) section ([0-9]{1,16}) (read|readwrite)$/;
  const [handle, byteLength, access] = readInheritance(key, form) as [string, string, MemoryAccess];
  const expected = { byteLength: Number(byteLength), access };
  return adoptInherited(BigInt(handle), (value) => adoptSection(value, expected, label));
}

/** Options for a handle that another process or a Worker gets. */
export interface DuplicateToOptions {
  /** The access that the handle grants. @default the access of this memory */
  access?: MemoryAccess;
}

/** The checks of {@linkcode DuplicateToOptions}. */
export const DUPLICATE_TO_CHECKS: OptionChecks<DuplicateToOptions> = {
  access: oneOf(MEMORY_ACCESS),
};

/** The rights of a duplicate that grants this access. */
const RIGHTS: Record<MemoryAccess, number> = {
  read: FILE_MAP_READ | SECTION_QUERY,
  readwrite: FILE_MAP_READ | FILE_MAP_WRITE | SECTION_QUERY,
};

/** Puts a handle of shared memory into another process. */
let duplicateMemoryInto: (memory: Mappable, pid: number, access: MemoryAccess) => DuplicatedMemory;

/**
 * A handle of shared memory that was put into another process. The other process owns the handle.
 *
 * @example Pass memory without a name to a process by a handle
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * // In practice, this is the id of another process.
 * using duplicate = memory.duplicateTo(Deno.pid, { access: "read" });
 * const { value } = duplicate;
 *
 * // The receiving process gets the value by a message, and takes the handle over.
 * using received = SharedMemory.fromHandle(value);
 * assertEquals([received.access, received.byteLength], ["read", 4096]);
 * ```
 */
export class DuplicatedMemory extends DuplicatedHandle {
  /** The memory's size in bytes. */
  readonly byteLength: number;
  /** The access that the handle grants to the process. */
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
 * Duplicates the handle of shared memory in this process.
 *
 * @param access The access that the duplicate grants.
 * @param inheritable Whether child processes inherit the duplicate.
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

/** Puts a handle of shared memory into another process. */
export function duplicateTo(
  memory: Mappable,
  pid: number,
  { access = memory.access }: DuplicateToOptions,
): DuplicatedMemory {
  assertGrants(memory, access);
  return duplicateMemoryInto(memory, pid, access);
}

/** Throws if the duplicate would grant more than the memory's own access. */
function assertGrants(memory: Mappable, access: MemoryAccess): void {
  assertOneOf("access", access, MEMORY_ACCESS);
  if (access === "readwrite" && memory.access === "read") {
    throw new Deno.errors.PermissionDenied(
      `Cannot pass on ${memory.label} with access "readwrite": its own access is "read"`,
    );
  }
}

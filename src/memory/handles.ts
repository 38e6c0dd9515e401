/**
 * Handles of memory: those that came from elsewhere, by value or from the parent process, are checked and
 * taken over; others are duplicated, in this process or into another one.
 *
 * @module
 */

import { Handle, inspectHandle } from "../../ffi/handle.ts";
import { assertOneOf, integerFrom, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { describeSection, FILE_MAP_READ, FILE_MAP_WRITE, SECTION_QUERY } from "./section.ts";
import { adoptInherited, readInheritance } from "../names.ts";
import { DuplicatedHandle } from "../../ffi/process_thread.ts";

/** What a handle has to be like to be taken over. */
export interface FromHandleOptions {
  /** The size that its section has, in bytes; memory is as large in whole pages. @default any */
  byteLength?: number;
  /** What it lets this process do, no less and no more. @default any */
  access?: MemoryAccess;
}

/** The checks of {@linkcode FromHandleOptions}. */
export const FROM_HANDLE_CHECKS: OptionChecks<FromHandleOptions> = {
  byteLength: integerFrom(1),
  access: oneOf(MEMORY_ACCESS),
};

/** Sections that are no files are as large in whole pages as was asked for. */
const PAGE = 4096;

/**
 * Takes over a handle of a section.
 *
 * @param value The handle's value in this process.
 * @param expected What it has to be like.
 * @param label What messages call it. @default its handle's value
 * @throws {TypeError} If the value is neither a bigint nor an integer.
 * @throws {Deno.errors.BadResource} If it is no handle of a section in this process, or is owned already.
 * @throws {Deno.errors.InvalidData} If the section is the image of a program, or not as expected.
 * @throws {Deno.errors.PermissionDenied} If the handle does not let this process read.
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
    throw new Deno.errors.InvalidData(`${attempt}: the section is the image of a program`);
  }
  const access = (grantedAccess & FILE_MAP_WRITE) === 0 ? "read" : "readwrite";
  if (access !== (expected.access ?? access)) {
    throw new Deno.errors.InvalidData(
      `${attempt}: expected it to grant "${expected.access}", it grants "${access}"`,
    );
  }
  const size = expected.byteLength ?? byteLength;
  if (size > byteLength || byteLength - size >= PAGE) {
    throw new Deno.errors.InvalidData(
      `${attempt}: expected a section of ${size} bytes, it has ${byteLength}`,
    );
  }
  // Owned, and so closed some time, only now: what is refused is somebody else's.
  const kind = label ?? `shared memory of handle ${handle}`;
  const section = new Handle(handle, kind);
  return { label: kind, section, file: undefined, byteLength, access, reserve };
}

/** What a child is told of a handle. */
export interface InheritedSection {
  /** The handle's value. */
  handle: bigint;
  /** The section's size in bytes. */
  byteLength: number;
  /** What the handle grants. */
  access: MemoryAccess;
}

/** Writes what a child is told of a handle. */
export function describeInheritance({ handle, byteLength, access }: InheritedSection): string {
  return `${handle} section ${byteLength} ${access}`;
}

/**
 * Takes over the section that was inherited under a key.
 *
 * @param label What messages call it. @default its handle's value
 */
export function inheritSection(key: string, label?: string): Mappable {
  const form = /^([0-9]{1,10}) section ([0-9]{1,16}) (read|readwrite)$/;
  const [handle, byteLength, access] = readInheritance(key, form) as [string, string, MemoryAccess];
  const expected = { byteLength: Number(byteLength), access };
  return adoptInherited(BigInt(handle), (value) => adoptSection(value, expected, label));
}

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

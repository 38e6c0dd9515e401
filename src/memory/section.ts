/**
 * Creates, opens and describes sections: the kernel objects behind shared memory.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  createObject,
  type NamedRight,
  openObject,
  READ_CONTROL,
} from "../../ffi/kernel_object.ts";
import type { ObjectRights, Sddl } from "../../ffi/security.ts";
import { errorFromStatus } from "../../ffi/error.ts";
import { ntdll } from "../../ffi/win32/ntdll.ts";
import { Mapping } from "./mapping.ts";

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
const PAGE_READWRITE = 0x4;
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

/**
 * Sections, as Windows calls the memory that processes can share.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/creating-named-shared-memory}
 * @module
 */

import { errorFromCode, type FailureOptions, lastErrorCode } from "../../ffi/error.ts";
import { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { type ObjectRights, type Sddl, SecurityDescriptor } from "../../ffi/security.ts";
import { securityAttributes } from "../../ffi/struct.ts";
import { encodeWide } from "../../ffi/wide.ts";

/** `SECTION_QUERY`, the right to ask for the size. */
export const SECTION_QUERY = 0x1;
/** `FILE_MAP_WRITE`, a right of handles and an access of mappings. */
export const FILE_MAP_WRITE = 0x2;
/** `FILE_MAP_READ`, a right of handles and an access of mappings. */
export const FILE_MAP_READ = 0x4;
/** `READ_CONTROL`, the right to see who may do what. */
export const READ_CONTROL = 0x20000;

/** The rights to a section. */
export const SECTION_RIGHTS: ObjectRights = {
  all: 0xf001f, // SECTION_ALL_ACCESS
  everyone: SECTION_QUERY | FILE_MAP_WRITE | FILE_MAP_READ | READ_CONTROL,
};

const PAGE_READONLY = 0x2;
const PAGE_READWRITE = 0x4;
/** `SEC_RESERVE`: the pages have no memory until they are committed. */
export const SEC_RESERVE = 0x4000000;

const ERROR_FILE_NOT_FOUND = 2;
const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_HANDLE = 6;
const ERROR_ALREADY_EXISTS = 183;

/** What messages call a section. */
export function sectionLabel(name: string | undefined): string {
  return name === undefined ? "anonymous shared memory" : `shared memory "${name}"`;
}

/** What a new section is to be like. */
export interface SectionOptions {
  /** The section as messages call it: `shared memory "Local\\x"`. */
  label: string;
  /** Its size in bytes. */
  byteLength: number;
  /** Its full name; none: it has no name. */
  name?: string | undefined;
  /** The file behind it, or `INVALID_HANDLE_VALUE` for memory. */
  file: bigint;
  /** Whether it may be written to. */
  writable: boolean;
  /** Who may open it; none: what Windows gives to any object of this user. */
  sddl?: Sddl;
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** Whether its pages have no memory until they are committed. */
  reserve: boolean;
}

/**
 * Makes a new section, never an older one in disguise.
 *
 * @throws {Deno.errors.AlreadyExists} If the name is taken, by whatever kind of object.
 * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` section.
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
 */
export function createSection(options: SectionOptions): Handle {
  const { label, byteLength, name, file, writable, sddl, inheritable, reserve } = options;
  using descriptor = sddl === undefined ? undefined : new SecurityDescriptor(sddl);
  const attributes = securityAttributes(descriptor?.pointer ?? null, inheritable);
  const { CreateFileMappingW, SetLastError } = kernel32();
  // Success leaves an older error standing, and here it tells whether the section is new.
  SetLastError(0);
  const value = CreateFileMappingW(
    file,
    attributes,
    (writable ? PAGE_READWRITE : PAGE_READONLY) | (reserve ? SEC_RESERVE : 0),
    Math.floor(byteLength / 2 ** 32),
    byteLength % 2 ** 32,
    name === undefined ? null : encodeWide(name),
  );
  const code = lastErrorCode();
  if (value !== 0n && code !== ERROR_ALREADY_EXISTS) return new Handle(value, label);
  if (value !== 0n) kernel32().CloseHandle(value);
  const attempt = `Cannot create ${label} of ${byteLength} bytes`;
  const known = name === undefined ? {} : whyNotCreated(name, code);
  throw errorFromCode(code, "CreateFileMappingW", attempt, known);
}

function whyNotCreated(name: string, code: number): FailureOptions {
  if (code === ERROR_INVALID_HANDLE) {
    return {
      as: "AlreadyExists",
      hint: "the name belongs to an object of another kind (an event, a mutex, …)",
    };
  }
  if (code !== ERROR_ACCESS_DENIED) return {};
  // Denied: an object is there and will not have us, or we may not make one here.
  if (exists(name)) {
    return { as: "AlreadyExists", hint: "somebody holds it who does not admit this user" };
  }
  return name.startsWith("Global\\")
    ? { hint: "a Global\\ section is made only by services and elevated programs" }
    : {};
}

function exists(name: string): boolean {
  const value = kernel32().OpenFileMappingW(SECTION_QUERY, 0, encodeWide(name));
  if (value === 0n) return lastErrorCode() !== ERROR_FILE_NOT_FOUND;
  kernel32().CloseHandle(value);
  return true;
}

/**
 * Opens a section by its name.
 *
 * @param name The full name.
 * @param access The rights to ask for.
 * @param label The section as messages call it.
 * @param inheritable Whether child processes inherit the handle.
 * @throws {Deno.errors.NotFound} If nobody holds such a section.
 * @throws {Deno.errors.PermissionDenied} If it grants this user less than is asked for.
 * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw}
 */
export function openSection(
  name: string,
  access: number,
  label: string,
  inheritable: boolean = false,
): Handle {
  const value = kernel32().OpenFileMappingW(access, inheritable ? 1 : 0, encodeWide(name));
  if (value !== 0n) return new Handle(value, label);
  const code = lastErrorCode();
  throw errorFromCode(code, "OpenFileMappingW", `Cannot open ${label}`, whyNotOpened(code));
}

function whyNotOpened(code: number): FailureOptions {
  if (code === ERROR_FILE_NOT_FOUND) {
    return { hint: "it is there only while a process of this session holds it" };
  }
  return code === ERROR_INVALID_HANDLE
    ? { as: "InvalidData", hint: "the name belongs to an object of another kind" }
    : {};
}

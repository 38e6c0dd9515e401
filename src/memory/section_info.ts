/**
 * What the kernel knows of a section.
 *
 * @module
 */

import { errorFromStatus } from "../../ffi/error.ts";
import { ntdll } from "../../ffi/ntdll.ts";
import { FILE_MAP_READ, SEC_RESERVE } from "./section.ts";
import { Mapping } from "./mapping.ts";

/** `SEC_IMAGE`: the section is a program or a DLL, laid out to be run. */
const SEC_IMAGE = 0x1000000;

/** The size and kind of a section. */
export interface SectionInfo {
  /** Its size in bytes: whole pages for memory, exact for a file. */
  byteLength: number;
  /** Whether its pages have no memory until they are committed. */
  reserve: boolean;
  /** Whether it is the image of a program or a DLL. */
  image: boolean;
}

/**
 * Finds out the size and kind of a section.
 *
 * @param section A handle with the right to read.
 * @param attempt What is being tried, for the message.
 */
export function describeSection(section: bigint, attempt: string): SectionInfo {
  try {
    return querySection(section, attempt);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  // The handle has not the right to ask (SECTION_QUERY): look at the pages themselves.
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

/**
 * What the kernel knows of the object behind any handle.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntqueryobject}
 * @module
 */

import { errorFromStatus } from "./error.ts";
import { ntdll } from "./ntdll.ts";
import { decodeWide } from "./wide.ts";

const OBJECT_BASIC_INFORMATION = 0;
const OBJECT_TYPE_INFORMATION = 2;
const STATUS_INFO_LENGTH_MISMATCH = 0xc000_0004 | 0;

/** The size of a `PUBLIC_OBJECT_BASIC_INFORMATION`, in bytes. */
const BASIC_SIZE = 56;
/** Room for a `PUBLIC_OBJECT_TYPE_INFORMATION` and a usual name behind it, in bytes. */
const FIRST_TYPE_SIZE = 256;
/** More room than any name needs: a `UNICODE_STRING` counts at most 65,535 bytes. */
const LARGEST_SIZE = 2 ** 18;

/** What is known of a handle. */
export interface ObjectInfo {
  /** The kind of object, as the kernel calls it: `"Section"`, `"Event"`, `"Mutant"`. */
  type: string;
  /** The rights that the handle has, as a mask. */
  grantedAccess: number;
}

/**
 * Asks the kernel what a handle is of, and what may be done with it.
 *
 * @param handle The handle's value.
 * @param attempt What is being tried, for the message.
 * @throws {Deno.errors.BadResource} If it is no handle of this process.
 */
export function queryObject(handle: bigint, attempt: string): ObjectInfo {
  const basic = query(handle, OBJECT_BASIC_INFORMATION, BASIC_SIZE, attempt);
  // A UNICODE_STRING: its length in bytes at 0, then (at 16, behind other fields
  // or at once) the text; only the address at 8 says where.
  const type = query(handle, OBJECT_TYPE_INFORMATION, FIRST_TYPE_SIZE, attempt);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(type));
  const at = Number(type.getBigUint64(8, true) - base);
  return {
    type: decodeWide(new Uint16Array(type.buffer, at, type.getUint16(0, true) / 2)),
    grantedAccess: basic.getUint32(4, true),
  };
}

function query(
  handle: bigint,
  what: number,
  byteLength: number,
  attempt: string,
): DataView<ArrayBuffer> {
  const info = new DataView(new ArrayBuffer(byteLength));
  const status = ntdll().NtQueryObject(handle, what, info, byteLength, null);
  if (status >= 0) return info;
  if (status === STATUS_INFO_LENGTH_MISMATCH && byteLength < LARGEST_SIZE) {
    return query(handle, what, byteLength * 4, attempt);
  }
  throw errorFromStatus(status, "NtQueryObject", attempt);
}

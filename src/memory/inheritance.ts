/**
 * How a child process learns of the memory that it inherited.
 *
 * @module
 */

import { adoptInherited, readInheritance } from "../../ffi/inheritance.ts";
import { adoptSection } from "./adoption.ts";
import type { Mappable, MemoryAccess } from "./mapped_view.ts";

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

/**
 * New memory, with a name and without.
 *
 * @module
 */

import { assertBoolean, assertInteger } from "../../ffi/arguments.ts";
import { INVALID_HANDLE_VALUE } from "../../ffi/handle.ts";
import type { OptionChecks } from "../../ffi/options.ts";
import {
  assertSecurity,
  nobodySddl,
  type Sddl,
  sddlFor,
  type Security,
} from "../../ffi/security.ts";
import { uninitializedSddl } from "./initialization.ts";
import type { Mappable } from "./mapped_view.ts";
import { createSection, SECTION_RIGHTS, sectionLabel } from "./section.ts";

/** What a new memory is to be like. */
export interface CreateOptions {
  /**
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine, programs
   * of low integrity too; or a descriptor in SDDL. Memory without a name is by default for
   * nobody, since only handles to it can be passed on.
   *
   * A program that opens the memory by `CreateFileMapping`, as if to create it, asks for all rights.
   * `"everyone"` grants them to this user only, `"everyone-full"` to all. Avoid `"everyone-full"`: with
   * all rights, any program can change who may open the memory, and shut everybody else out.
   *
   * @default "user"
   */
  security?: Security;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /**
   * Whether to promise only addresses, not memory: for huge, sparse memory. A part gets its
   * memory when a process that may write to it first maps it.
   *
   * @default false
   */
  reserve?: boolean;
}

/** The checks of {@linkcode CreateOptions}. */
export const CREATE_CHECKS: OptionChecks<CreateOptions> = {
  security: assertSecurity,
  inheritable: assertBoolean,
  reserve: assertBoolean,
};

/**
 * Makes new memory.
 *
 * @param name Its full name, or `undefined` for memory without one.
 * @param byteLength Its size in bytes.
 * @param options What it is to be like.
 * @param details Whether nobody may open it before it has been initialised, and what messages call it.
 */
export function createMemory(
  name: string | undefined,
  byteLength: number,
  options: CreateOptions,
  { unseen = false, label = sectionLabel(name) }: { unseen?: boolean; label?: string } = {},
): Mappable {
  const { inheritable = false, reserve = false } = options;
  const section = createSection({
    label,
    name,
    byteLength,
    file: INVALID_HANDLE_VALUE,
    writable: true,
    sddl: unseen ? uninitializedSddl() : sddlOf(name, options),
    inheritable,
    reserve,
  });
  return { label, section, file: undefined, byteLength, access: "readwrite", reserve };
}

/** Throws unless a value can be the size of a memory. */
export function assertByteLength(byteLength: number): void {
  assertInteger("byteLength", byteLength, 1);
}

/** The descriptor that the options ask for. */
export function sddlOf(name: string | undefined, { security }: CreateOptions): Sddl {
  if (security === undefined && name === undefined) return nobodySddl();
  return sddlFor(security ?? "user", SECTION_RIGHTS);
}

/**
 * Memory that is there already, by its name.
 *
 * @module
 */

import { assertBoolean } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { READ_CONTROL } from "../../ffi/named_object.ts";
import { oneOf, type OptionChecks } from "../../ffi/options.ts";
import { assertOwnedBySelf } from "../../ffi/security.ts";
import { isUninitialized } from "./initialization.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import {
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  openSection,
  SECTION_QUERY,
  sectionLabel,
} from "./section.ts";
import { describeSection } from "./section_info.ts";

/** How to open a memory that is there. */
export interface OpenOptions {
  /**
   * The use that the memory is opened for. A view of memory that is opened to read never changes the
   * memory: `SharedMemory.open` says what happens to writes.
   *
   * @default "read"
   */
  access?: MemoryAccess;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** `"self"` refuses memory that another user made. @default "anyone" */
  owner?: "self" | "anyone";
}

/** The checks of {@linkcode OpenOptions}. */
export const OPEN_CHECKS: OptionChecks<OpenOptions> = {
  access: oneOf(MEMORY_ACCESS),
  inheritable: assertBoolean,
  owner: oneOf(["self", "anyone"]),
};

/**
 * Opens memory by its name.
 *
 * @param name The full name.
 * @param options How.
 * @param details How many bytes it must have at least, and what messages call it.
 * @throws {Deno.errors.NotFound} If nobody holds it, or it is still being initialised.
 * @throws {Deno.errors.AlreadyExists} If it is smaller than that.
 */
export function openMemory(
  name: string,
  options: OpenOptions,
  { least = 1, label = sectionLabel(name) }: { least?: number; label?: string } = {},
): Mappable {
  const { access = "read", inheritable = false, owner = "anyone" } = options;
  const rights = FILE_MAP_READ |
    (access === "readwrite" ? FILE_MAP_WRITE : 0) |
    (owner === "self" ? READ_CONTROL : 0);
  const section = openInitialized(name, rights, label, inheritable);
  try {
    if (owner === "self") assertOwnedBySelf(section.value, label);
    const { byteLength, reserve } = describeSection(section.value, `Cannot open ${label}`);
    if (byteLength < least) {
      throw new Deno.errors.AlreadyExists(
        `Cannot open ${label}: it is there already and has ${byteLength} bytes, ` +
          `fewer than the ${least} asked for`,
      );
    }
    return { label, section, file: undefined, byteLength, access, reserve };
  } catch (error) {
    section.close();
    throw error;
  }
}

function openInitialized(
  name: string,
  rights: number,
  label: string,
  inheritable: boolean,
): Handle {
  try {
    return openWithQuery(name, rights, label, inheritable);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    if (isUninitialized(name, label)) {
      throw new Deno.errors.NotFound(
        `Cannot open ${label}: the process that made it is still initialising it`,
        { cause: error.cause },
      );
    }
  }
  // It was denied and is initialised now: its maker may have admitted us between the two looks.
  return openWithQuery(name, rights, label, inheritable);
}

/** Other programs may grant the bytes and not the question how many there are. */
function openWithQuery(name: string, rights: number, label: string, inheritable: boolean): Handle {
  try {
    return openSection(name, rights | SECTION_QUERY, label, inheritable);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    return openSection(name, rights, label, inheritable);
  }
}

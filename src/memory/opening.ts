/**
 * Opens memory by its name, and creates it if it is not there and that is wanted.
 *
 * @module
 */

import { assertBoolean, assertFunction, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { assertOwnedBySelf } from "../../ffi/security.ts";
import {
  assertAdmits,
  CREATE_CHECKS,
  createMemory,
  type CreateOptions,
  initializeThenAdmit,
  isUninitialized,
  sddlOf,
} from "./creation.ts";
import { type Mappable, type MappedView, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import {
  describeSection,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  openSection,
  SECTION_QUERY,
  sectionLabel,
} from "./section.ts";
import { assertSettings, openOrCreate } from "../names.ts";
import { checkTimeout } from "../wait/options.ts";

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
 * @throws {Deno.errors.InvalidData} If the memory is smaller than that.
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
      throw new Deno.errors.InvalidData(
        `Cannot open ${label}: it exists and has ${byteLength} bytes, ` +
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

/** How to open a memory, or to make it if it is not there. */
export interface OpenOrCreateOptions extends CreateOptions {
  /** `"self"` refuses memory that another user made. @default "anyone" */
  owner?: "self" | "anyone";
  /**
   * Fills new memory, once: no other process can open it before this is done, nor if this throws.
   * It gets a view of the whole memory, which is closed afterwards.
   */
  initialize?: (view: MappedView) => void;
  /**
   * The most to wait, in milliseconds, while another process initialises the memory. The thread is
   * blocked meanwhile. @default 5000
   */
  timeout?: number;
}

/** The checks of {@linkcode OpenOrCreateOptions}. */
export const OPEN_OR_CREATE_CHECKS: OptionChecks<OpenOrCreateOptions> = {
  ...CREATE_CHECKS,
  owner: OPEN_CHECKS.owner,
  initialize: assertFunction,
  timeout: checkTimeout,
};

/**
 * Opens memory, or creates it if nobody holds its name.
 *
 * @param byteLength Its size in bytes if it is new, and the least that it must have if it is not.
 * @returns The memory, and whether it is new.
 * @throws {Deno.errors.InvalidData} If the memory exists, and is smaller or reserved otherwise.
 */
export function openOrCreateMemory(
  name: string,
  byteLength: number,
  options: OpenOrCreateOptions,
  label: string = sectionLabel(name),
): { memory: Mappable; created: boolean } {
  const { owner = "anyone", inheritable = false, reserve = false, initialize } = options;
  const sddl = sddlOf(name, options);
  if (initialize) assertAdmits(sddl);
  const { memory, created } = openOrCreate({
    label,
    ...(options.timeout !== undefined && { timeout: options.timeout }),
    open() {
      const memory = openMemory(name, { access: "readwrite", owner, inheritable }, {
        least: byteLength,
        label,
      });
      return { memory, created: false };
    },
    create() {
      const unseen = initialize !== undefined;
      return { memory: createMemory(name, byteLength, options, { unseen, label }), created: true };
    },
  });
  if (created && initialize) initializeThenAdmit(memory, initialize, sddl);
  if (!created) {
    try {
      assertSettings(label, memory, { reserve });
    } catch (error) {
      memory.section.close();
      throw error;
    }
  }
  return { memory, created };
}

/**
 * Creates memory with or without a name, and can initialise it before any other process opens it.
 * Opens memory by its name, and creates it on demand if it does not exist.
 *
 * A section has its name from its creation on, so another process could open it before it is
 * filled. Therefore a section that is being initialised has a descriptor that grants one right
 * only: to read the descriptor itself. An opener that reads this descriptor knows that the memory
 * will be ready soon. After the initialisation the section gets its final descriptor.
 *
 * If the creating process dies earlier, the section disappears with its last handle. The next
 * process then creates a new section. So no lock is needed and none can be left behind. The
 * descriptor also keeps out programs that do not use winipc.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights}
 * @module
 */

import {
  assertBoolean,
  assertFunction,
  assertInteger,
  dropPromise,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { type Handle, INVALID_HANDLE_VALUE } from "../../ffi/handle.ts";
import {
  assertOwnedBySelf,
  assertSecurity,
  currentUserSid,
  nobodySddl,
  readSecurity,
  type Sddl,
  sddlFor,
  type Security,
  SECURITY_INFORMATION,
  writeSecurity,
} from "../../ffi/security.ts";
import {
  type Mappable,
  type MappedView,
  mapView,
  MEMORY_ACCESS,
  type MemoryAccess,
} from "./mapped_view.ts";
import {
  createSection,
  describeSection,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  openSection,
  SECTION_QUERY,
  SECTION_RIGHTS,
  sectionLabel,
} from "./mapping.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { assertSettings, openOrCreate } from "../names.ts";
import { checkTimeout } from "../wait/options.ts";

/** Options for new memory. */
export interface CreateOptions {
  /**
   * The users that can open the memory. `"user"` means this user and the system. `"everyone"` means
   * all users of the machine, and also programs of low integrity. A descriptor in SDDL is also
   * possible. By default nobody can open memory without a name, because it is shared only by
   * passing handles on.
   *
   * A program that opens the memory by `CreateFileMapping`, as if to create it, asks for all
   * rights. `"everyone"` grants all rights to this user only, `"everyone-full"` to all users. Avoid
   * `"everyone-full"`: any program could then change the descriptor, and shut out all other users.
   *
   * @default "user"
   */
  security?: Security;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /**
   * Whether Windows reserves only addresses at first, which suits huge, sparse memory. A part is
   * committed when a process with write access first maps it.
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
 * Creates new memory.
 *
 * @param name The full name, or `undefined` for memory without a name.
 * @param byteLength The size in bytes, at least 1.
 * @param details `unseen`: whether the memory cannot be opened before it is initialised;
 *   `label`: the name of the memory in error messages.
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

/**
 * Creates memory and initialises it; no other process can open it earlier.
 *
 * @param byteLength The size in bytes, at least 1.
 * @param details `label`: the name of the memory in error messages; `initialize`: a synchronous
 *   function that fills a view of the whole memory.
 * @throws {TypeError} If `security` is a descriptor without a `D:` part (an access list).
 */
export function createInitializedMemory(
  name: string,
  byteLength: number,
  options: CreateOptions,
  { label, initialize }: { label: string; initialize: (view: MappedView) => unknown },
): Mappable {
  const sddl = sddlOf(name, options);
  assertAdmits(sddl);
  const memory = createMemory(name, byteLength, options, { unseen: true, label });
  initializeThenAdmit(memory, initialize, sddl);
  return memory;
}

/** Throws if a value is not a valid size of memory: an integer of at least 1. */
export function assertByteLength(byteLength: number): void {
  assertInteger("byteLength", byteLength, 1);
}

/** Returns the descriptor that the options ask for. */
export function sddlOf(name: string | undefined, { security }: CreateOptions): Sddl {
  if (security === undefined && name === undefined) return nobodySddl();
  return sddlFor(security ?? "user", SECTION_RIGHTS);
}

/** An access list that grants everyone `READ_CONTROL` only: the right to read the descriptor. */
const READ_CONTROL_ONLY = "D:P(A;;RC;;;WD)";

/** Returns the descriptor of memory that is being initialised. */
export function uninitializedSddl(): Sddl {
  return `O:${currentUserSid()}${READ_CONTROL_ONLY}`;
}

/**
 * Throws if a descriptor has no access list. Set on an existing object, such a descriptor would
 * grant everyone all rights.
 *
 * @param sddl The descriptor that the memory gets after its initialisation.
 */
export function assertAdmits(sddl: Sddl): void {
  if (sddl.includes("D:")) return;
  throw new TypeError(
    `Expected security to have a "D:" part if initialize is given, got "${sddl}"`,
  );
}

/**
 * Fills memory that was created with {@linkcode uninitializedSddl}, and then lets other processes
 * open it.
 *
 * @param memory The memory; this function closes it before it throws.
 * @param sddl The final descriptor of the memory.
 */
export function initializeThenAdmit(
  memory: Mappable,
  initialize: (view: MappedView) => unknown,
  sddl: Sddl,
): void {
  try {
    // This closes the view before any process can open the memory. The close throws if the view's
    // buffer was transferred away.
    fill(memory, initialize);
    const { owner, dacl, label } = SECURITY_INFORMATION;
    const parts = dacl | (sddl.includes("(ML;") ? label : 0) | (sddl.startsWith("O:") ? owner : 0);
    writeSecurity(memory.section.value, sddl, parts, memory.label);
  } catch (error) {
    memory.section.close();
    throw error;
  }
}

function fill(memory: Mappable, initialize: (view: MappedView) => unknown): void {
  using view = mapView(memory);
  if (dropPromise(initialize(view))) {
    throw new TypeError("Expected initialize to be a synchronous function, got a promise from it");
  }
}

/**
 * Checks whether a section that denied access is being initialised, or no longer exists.
 *
 * @param name The section's full name.
 * @param label The section's name in error messages.
 */
export function isUninitialized(name: string, label: string): boolean {
  try {
    using section = openSection(name, READ_CONTROL, label);
    return readSecurity(section.value, SECURITY_INFORMATION.dacl, label) === READ_CONTROL_ONLY;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** Options for opening existing memory. */
export interface OpenOptions {
  /**
   * The access to the memory. With `"read"`, a view never changes the memory; `SharedMemory.open`
   * explains the effect of a write.
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
 * @param details `least`: the minimum size in bytes; `label`: the name of the memory in error
 *   messages.
 * @throws {Deno.errors.NotFound} If no memory has this name, or it is still being initialised.
 * @throws {Deno.errors.InvalidData} If the memory is smaller than `least`.
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
          `fewer than the expected ${least}`,
      );
    }
    return { label, section, file: undefined, byteLength, access, reserve };
  } catch (error) {
    section.close();
    throw error;
  }
}

/**
 * Maximum attempts to open memory that denies access although it is initialised, because it may
 * deny access for ever.
 */
const MAX_ATTEMPTS = 16;

function openInitialized(
  name: string,
  rights: number,
  label: string,
  inheritable: boolean,
): Handle {
  for (let attempt = 1;; attempt++) {
    try {
      return openWithQuery(name, rights, label, inheritable);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      if (isUninitialized(name, label)) {
        throw new Deno.errors.NotFound(
          `Cannot open ${label}: the process that created it is still initialising it`,
          { cause: error.cause },
        );
      }
      // Since the failed open, the initialisation may have ended, or new memory may have the name.
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Opens a section with `SECTION_QUERY` if possible: another program's section may not grant it. */
function openWithQuery(name: string, rights: number, label: string, inheritable: boolean): Handle {
  try {
    return openSection(name, rights | SECTION_QUERY, label, inheritable);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    return openSection(name, rights, label, inheritable);
  }
}

/** Options for opening memory, or creating it if it does not exist. */
export interface OpenOrCreateOptions extends CreateOptions {
  /** `"self"` refuses memory that another user made. @default "anyone" */
  owner?: "self" | "anyone";
  /**
   * Fills new memory through a view of the whole memory, which is closed afterwards. No other
   * process can open the memory before this function returns, or if it throws.
   */
  initialize?: (view: MappedView) => void;
  /**
   * The maximum wait in milliseconds while another process initialises the memory. The wait blocks
   * the thread. @default 5000
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
 * Opens memory, or creates it if no memory has this name.
 *
 * @param byteLength The size of new memory in bytes, and the minimum size of existing memory.
 * @returns The memory, and whether this function created it.
 * @throws {Deno.errors.InvalidData} If the memory exists and is smaller, or its `reserve` differs.
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

/**
 * Creates memory, with a name and without, and fills it before any other process sees it. Opens memory
 * by its name, and creates it if it is not there and that is wanted.
 *
 * A section is born under its name, so another process could open it between its
 * creation and its first byte. While it is being initialised its descriptor
 * therefore grants everyone nothing but a look at the descriptor itself, which
 * tells an opener that the memory is about to come. Once filled, it gets the
 * descriptor that it was meant to have. Should its maker die before that, the section
 * goes with its last handle, and the next process starts afresh: no lock is
 * needed, none can be left behind, and programs that know nothing of winipc are
 * kept out as well.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights}
 * @module
 */

import {
  assertBoolean,
  assertFunction,
  assertInteger,
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
} from "./section.ts";
import { READ_CONTROL } from "../../ffi/kernel_object.ts";
import { assertSettings, openOrCreate } from "../names.ts";
import { checkTimeout } from "../wait/options.ts";

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

/**
 * Creates memory that nobody can open before it has been initialised.
 *
 * @param label What messages call it.
 * @throws {TypeError} If `security` is a descriptor that does not say whom to admit.
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

/** Throws unless a value can be the size of a memory. */
export function assertByteLength(byteLength: number): void {
  assertInteger("byteLength", byteLength, 1);
}

/** The descriptor that the options ask for. */
export function sddlOf(name: string | undefined, { security }: CreateOptions): Sddl {
  if (security === undefined && name === undefined) return nobodySddl();
  return sddlFor(security ?? "user", SECTION_RIGHTS);
}

const ONLY_A_LOOK = "D:P(A;;RC;;;WD)";

/** The descriptor of memory that is being initialised. */
export function uninitializedSddl(): Sddl {
  return `O:${currentUserSid()}${ONLY_A_LOOK}`;
}

/**
 * Throws unless a descriptor says whom to admit; one that does not would admit everyone when it
 * is set on an object that is there already.
 *
 * @param sddl The descriptor that the memory is meant to have.
 */
export function assertAdmits(sddl: Sddl): void {
  if (sddl.includes("D:")) return;
  throw new TypeError(
    `Expected a descriptor with a part "D:" to go with initialize, got "${sddl}"`,
  );
}

/**
 * Fills memory that was created with {@linkcode uninitializedSddl}, then admits the others.
 *
 * @param memory The memory; it is closed if this throws.
 * @param sddl The descriptor that it was meant to have.
 */
export function initializeThenAdmit(
  memory: Mappable,
  initialize: (view: MappedView) => unknown,
  sddl: Sddl,
): void {
  try {
    // The view is closed before anybody is admitted: that fails if its buffer was transferred away.
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
  if (initialize(view) instanceof Promise) {
    throw new TypeError("Expected initialize to be done when it returns, got a promise");
  }
}

/**
 * Whether a section that denies access does so because it is being initialised,
 * or has just gone.
 *
 * @param name The section's full name.
 * @param label The section as messages call it.
 */
export function isUninitialized(name: string, label: string): boolean {
  try {
    using section = openSection(name, READ_CONTROL, label);
    return readSecurity(section.value, SECURITY_INFORMATION.dacl, label) === ONLY_A_LOOK;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

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

/** Maximum attempts to open memory that denies access and has been initialised: it may deny for good. */
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
          `Cannot open ${label}: the process that made it is still initialising it`,
          { cause: error.cause },
        );
      }
      // Between the two looks its maker may have admitted us, or other memory may have got its name.
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
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

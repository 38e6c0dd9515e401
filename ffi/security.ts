/**
 * Security descriptors: which users and programs can open a kernel object, and with which rights.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format}
 * @module
 */

import { advapi32 } from "./win32/advapi32.ts";
import { assertString, show } from "./arguments.ts";
import { ERROR_INSUFFICIENT_BUFFER, errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { Handle, Uncloneable } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { addressOf } from "./win32/types.ts";
import { decodeWideAt, encodeWide } from "./wide.ts";

/** A security descriptor as text, in Microsoft's security descriptor definition language. */
export type Sddl = `${"O" | "G" | "D" | "S"}:${string}`;

/**
 * The users that can open an object:
 *
 * - `"user"`: this user and the system.
 * - `"everyone"`: all users of the machine, with the rights to use the object.
 * - `"everyone-full"`: all users of the machine, with all rights.
 * - A descriptor: the users that it names.
 */
export type Security = "user" | "everyone" | "everyone-full" | Sddl;

/** The parts of a security descriptor, as masks. */
export const SECURITY_INFORMATION = {
  /** `OWNER_SECURITY_INFORMATION`: the owner. */
  owner: 1,
  /** `DACL_SECURITY_INFORMATION`: the rights of each user. */
  dacl: 4,
  /** `LABEL_SECURITY_INFORMATION`: the lowest integrity level that can write. */
  label: 0x10,
} as const;

/** The choices of {@linkcode Security} that are not descriptors. */
const WORDS: readonly string[] = ["user", "everyone", "everyone-full"] satisfies Security[];
const SDDL_REVISION_1 = 1;
/** First buffer size for a descriptor, in bytes: enough for a few entries. */
const FIRST_DESCRIPTOR_SIZE = 256;
const TOKEN_QUERY = 8;
const TOKEN_USER_CLASS = 1;

/** The rights to a kind of object, as masks. */
export interface ObjectRights {
  /** All rights, for the owner and the system. */
  all: number;
  /** The rights of all other users if the choice is `"everyone"`. */
  everyone: number;
}

/**
 * Returns the descriptor for a choice of {@linkcode Security}.
 *
 * `"user"` names this user as the owner, because some programs check the owner before they trust an
 * object. `"everyone"` grants only the rights in `everyone`, so that only the owner can change the
 * descriptor. Its label lets processes of low integrity write too.
 *
 * A program that opens an existing object by a `Create` function, such as `CreateEvent`, asks for
 * all rights. `"everyone"` grants them to this user only, and `"everyone-full"` to all users. Avoid
 * `"everyone-full"`: with all rights, any program can change the descriptor or the owner, and so
 * shut out all other programs.
 *
 * @example Let all users wait for an event
 * ```ts
 * import { sddlFor } from "@winipc/winipc/ffi";
 * import { assertMatch } from "@std/assert";
 *
 * const rights = { all: 0x1f_0003, everyone: 0x10_0000 };
 * assertMatch(sddlFor("everyone", rights), /\(A;;0x100000;;;WD\)/);
 * ```
 *
 * @param rights The rights to this kind of object, as masks.
 * @param packages The packaged apps that get the rights in `everyone` as well: their security
 *   identifiers, or `AC` for all. A descriptor gets no such entries. @default none
 * @throws {TypeError} If the choice is neither a known word nor a descriptor.
 */
export function sddlFor(
  security: Security,
  { all, everyone }: ObjectRights,
  packages: readonly string[] = [],
): Sddl {
  assertSecurity("security", security);
  if (isSddl(security)) return security;
  const self = currentUserSid();
  const own: Sddl = `O:${self}D:P${allow(all, self)}${allow(all, "SY")}`;
  const granted = { user: 0, everyone, "everyone-full": all }[security];
  const entries = packages.map((sid) => allow(everyone, sid));
  if (granted !== 0) entries.push(allow(granted, "WD"));
  // Without the label, programs of low integrity could not write. AppContainers have it, too.
  return entries.length === 0 ? own : `${own}${entries.join("")}S:(ML;;NW;;;LW)`;
}

/**
 * Throws unless a value is a choice of {@linkcode Security}. Only the beginning of a descriptor is
 * checked. Windows checks the rest.
 *
 * @param what The value's name in the message: `"security"`.
 * @throws {TypeError} If the value is neither a known word nor a descriptor.
 */
export function assertSecurity(what: string, value: unknown): asserts value is Security {
  assertString(what, value);
  if (WORDS.includes(value) || isSddl(value)) return;
  throw new TypeError(
    `Expected ${what} to be "user", "everyone", "everyone-full" or a descriptor such as ` +
      `"D:P(A;;GA;;;SY)", got ${show(value)}`,
  );
}

/**
 * Returns a descriptor that denies opening the object to all users. The owner can only read the
 * descriptor, and not change it. Handles that are already open still work.
 */
export function nobodySddl(): Sddl {
  return `O:${currentUserSid()}D:P(A;;RC;;;OW)`;
}

/**
 * Returns an entry that allows the rights of a mask. Generic rights would mean different rights for
 * each kind of object.
 */
function allow(mask: number, account: string): string {
  return `(A;;0x${mask.toString(16)};;;${account})`;
}

function isSddl(text: string): text is Sddl {
  return /^[OGDS]:/.test(text);
}

/**
 * A security descriptor in memory that Windows allocated. `using` frees it.
 *
 * @example Make a descriptor that grants all rights to the system only
 * ```ts
 * import { SecurityDescriptor } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * using descriptor = new SecurityDescriptor("D:P(A;;GA;;;SY)");
 * assert(descriptor.pointer !== null);
 * ```
 */
export class SecurityDescriptor extends Uncloneable implements Disposable {
  #pointer: Deno.PointerValue;

  /**
   * Makes a descriptor from its text.
   *
   * @throws {TypeError} If the text is not a valid descriptor.
   */
  constructor(sddl: Sddl) {
    super();
    const out = new BigUint64Array(1);
    const text = encodeWide(sddl);
    const done = advapi32().ConvertStringSecurityDescriptorToSecurityDescriptorW(
      text,
      SDDL_REVISION_1,
      out,
      null,
    );
    if (!done) {
      const cause = lastError(
        "ConvertStringSecurityDescriptorToSecurityDescriptorW",
        `Expected a security descriptor in SDDL, got ${JSON.stringify(sddl)}`,
      );
      throw new TypeError(cause.message, { cause });
    }
    this.#pointer = Deno.UnsafePointer.create(out[0]!);
  }

  /** The descriptor's address, or `null` after it is freed. */
  get pointer(): Deno.PointerValue {
    return this.#pointer;
  }

  /** Frees the memory. */
  [Symbol.dispose](): void {
    kernel32().LocalFree(this.#pointer);
    this.#pointer = null;
  }
}

/**
 * Reads the security descriptor of an object as text.
 *
 * @example Read the owner of shared memory
 * ```ts
 * import { readSecurity, SECURITY_INFORMATION } from "@winipc/winipc/ffi";
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertMatch } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096, { security: "user" });
 * assertMatch(readSecurity(memory.unsafeHandle, SECURITY_INFORMATION.owner), /^O:/);
 * ```
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param parts The parts to read, as a mask of {@linkcode SECURITY_INFORMATION}.
 * @param what The object's name in the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle does not grant that right.
 */
export function readSecurity(
  handle: bigint,
  parts: number,
  what: string = "an object",
): string {
  return toSddl(readDescriptor(handle, parts, what), parts);
}

/**
 * Reads the security descriptor of an object as the bytes of a self-relative `SECURITY_DESCRIPTOR`.
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param parts The parts to read, as a mask of {@linkcode SECURITY_INFORMATION}.
 * @param what The object's name in the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle does not grant that right.
 */
export function readDescriptor(
  handle: bigint,
  parts: number,
  what: string,
): Uint8Array<ArrayBuffer> {
  const { GetKernelObjectSecurity } = advapi32();
  const needed = Uint32Array.of(FIRST_DESCRIPTOR_SIZE);
  for (;;) {
    const descriptor = new Uint8Array(needed[0]!);
    if (GetKernelObjectSecurity(handle, parts, descriptor, descriptor.length, needed)) {
      return descriptor;
    }
    const code = lastErrorCode();
    // Another process can change the descriptor at any time, so it can have grown between two
    // calls.
    if (code === ERROR_INSUFFICIENT_BUFFER && needed[0]! > descriptor.length) continue;
    throw errorFromCode(
      code,
      "GetKernelObjectSecurity",
      `Cannot read the security descriptor of ${what}`,
    );
  }
}

/**
 * Returns the security identifier of an object's owner, or `undefined` if it has none.
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param what The object's name in the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle does not grant that right.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-security_descriptor}
 */
export function ownerOf(handle: bigint, what: string): string | undefined {
  const descriptor = readDescriptor(handle, SECURITY_INFORMATION.owner, what);
  // A self-relative descriptor has the offset of the owner's SID at 4, or 0 for no owner.
  const at = new DataView(descriptor.buffer).getUint32(4, true);
  return at === 0 ? undefined : sidText(descriptor.subarray(at));
}

/**
 * Replaces parts of the security descriptor of an object.
 *
 * @example Let only the system wait for an event
 * ```ts
 * import { createEvent, readSecurity, writeSecurity } from "@winipc/winipc/ffi";
 * import { SECURITY_INFORMATION } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * const { dacl } = SECURITY_INFORMATION;
 * using event = createEvent("writeSecurity");
 * writeSecurity(event.value, "D:P(A;;0x100000;;;SY)", dacl);
 * assertEquals(readSecurity(event.value, dacl), "D:P(A;;0x100000;;;SY)");
 * ```
 *
 * @param handle A handle with the rights `WRITE_DAC` and, for an owner or a label, `WRITE_OWNER`.
 * @param sddl The descriptor with the new parts.
 * @param parts The parts to replace, as a mask of {@linkcode SECURITY_INFORMATION}.
 * @param what The object's name in the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle does not grant those rights.
 */
export function writeSecurity(
  handle: bigint,
  sddl: Sddl,
  parts: number,
  what: string = "an object",
): void {
  using descriptor = new SecurityDescriptor(sddl);
  if (!advapi32().SetKernelObjectSecurity(handle, parts, descriptor.pointer)) {
    throw lastError("SetKernelObjectSecurity", `Cannot change the security descriptor of ${what}`);
  }
}

/**
 * Throws unless this user owns an object.
 *
 * @example Check the owner of an event
 * ```ts
 * import { assertOwnedBySelf, createEvent, currentUserSid } from "@winipc/winipc/ffi";
 * import { SECURITY_INFORMATION, writeSecurity } from "@winipc/winipc/ffi";
 *
 * using event = createEvent("assertOwnedBySelf");
 * writeSecurity(event.value, `O:${currentUserSid()}`, SECURITY_INFORMATION.owner);
 * assertOwnedBySelf(event.value, "the event");
 * ```
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param what The object's name in the message: `shared memory "Local\\x"`.
 * @param remedy The advice for a caller that trusts the owner, for the end of the message.
 * @throws {Deno.errors.PermissionDenied} If another user owns the object, or nobody.
 */
export function assertOwnedBySelf(
  handle: bigint,
  what: string,
  remedy: string = 'leave out { owner: "self" } to trust it anyway',
): void {
  const owner = ownerOf(handle, what);
  if (owner === currentUserSid()) return;
  throw new Deno.errors.PermissionDenied(
    `Cannot trust ${what}: its owner is ${nameOfOwner(owner)}, not this user; ${remedy}`,
  );
}

/** The names of the owners that services and elevated programs have. */
const OWNERS: Readonly<Record<string, string>> = {
  "S-1-5-18": "SYSTEM",
  "S-1-5-19": "LOCAL SERVICE",
  "S-1-5-20": "NETWORK SERVICE",
  "S-1-5-32-544": "Administrators",
};

function nameOfOwner(sid: string | undefined): string {
  if (sid === undefined) return "nobody";
  const name = OWNERS[sid];
  return name === undefined ? sid : `${name} (${sid})`;
}

function toSddl(descriptor: Uint8Array<ArrayBuffer>, parts: number): string {
  const text = new BigUint64Array(1);
  const done = advapi32().ConvertSecurityDescriptorToStringSecurityDescriptorW(
    descriptor,
    SDDL_REVISION_1,
    parts,
    text,
    null,
  );
  if (!done) {
    throw lastError(
      "ConvertSecurityDescriptorToStringSecurityDescriptorW",
      "Cannot convert a security descriptor to text",
    );
  }
  return takeText(text[0]!);
}

let userSid: string | undefined;

/**
 * Returns the security identifier of the user that runs this process: `"S-1-5-21-…"`.
 *
 * @example Find out the user's identifier
 * ```ts
 * import { currentUserSid } from "@winipc/winipc/ffi";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(currentUserSid(), /^S-1-/);
 * ```
 */
export function currentUserSid(): string {
  return userSid ??= readUserSid();
}

/** The token of this process, as `GetCurrentProcessToken` in processthreadsapi.h. */
export const CURRENT_PROCESS_TOKEN = 0xffff_ffff_ffff_fffcn;

function readUserSid(): string {
  return userOfToken(CURRENT_PROCESS_TOKEN, "Cannot find out which user runs this process");
}

/**
 * Returns the security identifier of the user that runs a process.
 *
 * @param process A handle with the right to query the process.
 * @param attempt The attempt, for the message: `Cannot find out which user runs process 4`.
 * @throws {Deno.errors.PermissionDenied} If the process does not let this user ask.
 */
export function userOfProcess(process: bigint, attempt: string): string {
  const out = new BigUint64Array(1);
  if (!advapi32().OpenProcessToken(process, TOKEN_QUERY, out)) {
    throw lastError("OpenProcessToken", attempt);
  }
  using token = new Handle(out[0]!, "access token");
  return userOfToken(token.value, attempt);
}

const ERROR_CANNOT_IMPERSONATE = 1368;

/**
 * Returns the security identifier of the user that a pipe's client runs as. For a moment, this
 * thread acts as that user.
 *
 * @param pipe The server's end of a pipe. It must have read from the pipe before.
 * @param attempt The attempt, for the message: `Cannot find out who is the client`.
 * @throws {Deno.errors.PermissionDenied} If the client does not let the server identify it, or the
 *   server has not read from the pipe yet.
 * @see {@link https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-impersonatenamedpipeclient}
 */
export function userOfPipeClient(pipe: bigint, attempt: string): string {
  const { ImpersonateNamedPipeClient, OpenThreadToken, RevertToSelf } = advapi32();
  const { GetCurrentProcess, GetCurrentThread, TerminateProcess } = kernel32();
  if (!ImpersonateNamedPipeClient(pipe)) {
    const code = lastErrorCode();
    throw errorFromCode(
      code,
      "ImpersonateNamedPipeClient",
      attempt,
      code === ERROR_CANNOT_IMPERSONATE
        ? { as: "PermissionDenied", hint: "Windows allows that after the first read from the pipe" }
        : {},
    );
  }
  const out = new BigUint64Array(1);
  const code = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, 1, out) ? 0 : lastErrorCode();
  // Microsoft's advice: a process that cannot return to its own user must not go on.
  if (!RevertToSelf()) TerminateProcess(GetCurrentProcess(), 1);
  if (code !== 0) {
    const hint = 'the client has connected with { impersonation: "anonymous" }';
    throw errorFromCode(code, "OpenThreadToken", attempt, { as: "PermissionDenied", hint });
  }
  using token = new Handle(out[0]!, "access token");
  return userOfToken(token.value, attempt);
}

function userOfToken(token: bigint, attempt: string): string {
  // TOKEN_USER: the address of the SID, which follows in the same buffer (at most 68 bytes).
  const user = new DataView(new ArrayBuffer(128));
  const bytes = new Uint8Array(user.buffer);
  if (
    !advapi32().GetTokenInformation(
      token,
      TOKEN_USER_CLASS,
      bytes,
      bytes.length,
      new Uint32Array(1),
    )
  ) {
    throw lastError("GetTokenInformation", attempt);
  }
  return sidText(bytes.subarray(Number(user.getBigUint64(0, true) - addressOf(bytes))));
}

/**
 * Returns the text of a security identifier, as `ConvertSidToStringSidW` would.
 *
 * @param sid The bytes of a `SID`. More bytes can follow.
 */
export function sidText(sid: Uint8Array<ArrayBuffer>): string {
  const view = new DataView(sid.buffer, sid.byteOffset);
  // Revision at 0, SubAuthorityCount at 1, IdentifierAuthority (big-endian) at 2, SubAuthority at 8.
  const authority = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
  const parts = Array.from(
    { length: view.getUint8(1) },
    (_, index) => view.getUint32(8 + 4 * index, true),
  );
  const shown = authority < 2 ** 32 ? authority : `0x${authority.toString(16).padStart(12, "0")}`;
  return ["S", view.getUint8(0), shown, ...parts].join("-");
}

/** Reads a text that Windows allocated, and frees it. */
function takeText(address: bigint): string {
  const pointer = Deno.UnsafePointer.create(address)!;
  try {
    return decodeWideAt(pointer);
  } finally {
    kernel32().LocalFree(pointer);
  }
}

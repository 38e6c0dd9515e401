/**
 * Who may open a kernel object.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format}
 * @module
 */

import { advapi32 } from "./win32/advapi32.ts";
import { assertString, show } from "./arguments.ts";
import { ERROR_INSUFFICIENT_BUFFER, errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { Handle, Uncloneable } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { decodeWideAt, encodeWide } from "./wide.ts";

/** A security descriptor written in Microsoft's security descriptor definition language. */
export type Sddl = `${"O" | "G" | "D" | "S"}:${string}`;

/**
 * Who may open an object: this user and the system; everyone on the machine, to use it or with all
 * rights; or what a descriptor of one's own says.
 */
export type Security = "user" | "everyone" | "everyone-full" | Sddl;

/** The parts of a descriptor. */
export const SECURITY_INFORMATION = {
  /** `OWNER_SECURITY_INFORMATION`. */
  owner: 1,
  /** `DACL_SECURITY_INFORMATION`: who may do what. */
  dacl: 4,
  /** `LABEL_SECURITY_INFORMATION`: the least integrity of those who may write. */
  label: 0x10,
} as const;

/** The choices that are words. */
const WORDS: readonly string[] = ["user", "everyone", "everyone-full"] satisfies Security[];
const SDDL_REVISION_1 = 1;
/** Room for a descriptor of a few entries, in bytes. */
const FIRST_DESCRIPTOR_SIZE = 256;
const TOKEN_QUERY = 8;
const TOKEN_USER_CLASS = 1;

/** The rights to a kind of object, as masks. */
export interface ObjectRights {
  /** All there are, for the owner and the system. */
  all: number;
  /** What everyone may do with an object that is for everyone. */
  everyone: number;
}

/**
 * The descriptor for a choice of {@linkcode Security}.
 *
 * `"user"` names this user as the owner, for some programs look at the owner
 * before they trust an object. `"everyone"` grants everyone the rights given and
 * no others, so that nobody but the owner can change the descriptor; its label
 * admits processes of low integrity too.
 *
 * A program that opens the object by a `Create` function (`CreateEvent` with a name that exists)
 * asks for all rights. `"everyone"` grants them to this user only, `"everyone-full"` to all. Avoid
 * `"everyone-full"`: with all rights, any program can change the descriptor or the owner, and so
 * shut out everybody else.
 *
 * @param rights The rights to the kind of object.
 * @throws {TypeError} If it is neither a word that is known nor a descriptor.
 */
export function sddlFor(security: Security, { all, everyone }: ObjectRights): Sddl {
  assertSecurity("security", security);
  if (isSddl(security)) return security;
  const self = currentUserSid();
  const own: Sddl = `O:${self}D:P${allow(all, self)}${allow(all, "SY")}`;
  if (security === "user") return own;
  const granted = security === "everyone" ? everyone : all;
  return `${own}${allow(granted, "WD")}S:(ML;;NW;;;LW)`;
}

/**
 * Throws unless a value is a choice of {@linkcode Security}; of a descriptor, only Windows knows
 * whether it is well-formed.
 *
 * @param what What the value is, for the message: `"security"`.
 * @throws {TypeError} If it is neither a word that is known nor a descriptor.
 */
export function assertSecurity(what: string, value: unknown): asserts value is Security {
  assertString(what, value);
  if (WORDS.includes(value) || isSddl(value)) return;
  throw new TypeError(
    `Expected ${what} to be "user", "everyone", "everyone-full" or a descriptor such as ` +
      `"D:P(A;;GA;;;SY)", got ${show(value)}`,
  );
}

/** For nobody but who holds a handle, which not even the owner may change. */
export function nobodySddl(): Sddl {
  return `O:${currentUserSid()}D:P(A;;RC;;;OW)`;
}

/**
 * An entry that allows; masks and not generic rights, for those are not the same for every kind.
 */
function allow(mask: number, account: string): string {
  return `(A;;0x${mask.toString(16)};;;${account})`;
}

function isSddl(text: string): text is Sddl {
  return /^[OGDS]:/.test(text);
}

/** A security descriptor in memory that Windows allocated; freed by `using`. */
export class SecurityDescriptor extends Uncloneable implements Disposable {
  #pointer: Deno.PointerValue;

  /**
   * Makes the descriptor that a text describes.
   *
   * @throws {TypeError} If the text is no descriptor.
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

  /** The descriptor's address, null once it is freed. */
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
 * Reads the security descriptor of an object.
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param parts Which parts, out of {@linkcode SECURITY_INFORMATION}.
 * @param what The object, for the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle has not that right.
 */
export function readSecurity(
  handle: bigint,
  parts: number,
  what: string = "an object",
): string {
  const { GetKernelObjectSecurity } = advapi32();
  const needed = Uint32Array.of(FIRST_DESCRIPTOR_SIZE);
  for (;;) {
    const descriptor = new Uint8Array(needed[0]!);
    if (GetKernelObjectSecurity(handle, parts, descriptor, descriptor.length, needed)) {
      return toSddl(Deno.UnsafePointer.of(descriptor), parts);
    }
    const code = lastErrorCode();
    // It may grow from look to look: another process can change it at any time.
    if (code === ERROR_INSUFFICIENT_BUFFER && needed[0]! > descriptor.length) continue;
    throw errorFromCode(code, "GetKernelObjectSecurity", `Cannot read who may open ${what}`);
  }
}

/**
 * Replaces parts of the security descriptor of an object.
 *
 * @param handle A handle with the rights `WRITE_DAC` and, for an owner or a label, `WRITE_OWNER`.
 * @param sddl The descriptor that the parts are taken from.
 * @param parts Which parts, out of {@linkcode SECURITY_INFORMATION}.
 * @param what The object, for the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If the handle has not those rights.
 */
export function writeSecurity(
  handle: bigint,
  sddl: Sddl,
  parts: number,
  what: string = "an object",
): void {
  using descriptor = new SecurityDescriptor(sddl);
  if (!advapi32().SetKernelObjectSecurity(handle, parts, descriptor.pointer)) {
    throw lastError("SetKernelObjectSecurity", `Cannot set who may open ${what}`);
  }
}

/**
 * Throws unless this user owns an object.
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param what What the object is, for the message: `shared memory "Local\\x"`.
 * @throws {Deno.errors.PermissionDenied} If another user owns it, or nobody.
 */
export function assertOwnedBySelf(handle: bigint, what: string): void {
  const owner = readSecurity(handle, SECURITY_INFORMATION.owner, what);
  // Windows writes well-known accounts in two letters: let it write ours the same way.
  using self = new SecurityDescriptor(`O:${currentUserSid()}`);
  if (owner === toSddl(self.pointer, SECURITY_INFORMATION.owner)) return;
  throw new Deno.errors.PermissionDenied(
    `Cannot trust ${what}: its owner is ${owner.slice(2) || "nobody"}, not this user; ` +
      `leave out { owner: "self" } to trust it all the same`,
  );
}

function toSddl(descriptor: Deno.PointerValue, parts: number): string {
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
      "Cannot read who may open the object",
    );
  }
  return takeText(text[0]!);
}

let userSid: string | undefined;

/** The security identifier of the user that this process runs as: `"S-1-5-21-…"`. */
export function currentUserSid(): string {
  return userSid ??= readUserSid();
}

function readUserSid(): string {
  const attempt = "Cannot tell which user this process runs as";
  const out = new BigUint64Array(1);
  if (!advapi32().OpenProcessToken(kernel32().GetCurrentProcess(), TOKEN_QUERY, out)) {
    throw lastError("OpenProcessToken", attempt);
  }
  using token = new Handle(out[0]!, "access token");
  // TOKEN_USER: an address that points to the SID behind it (at most 68 bytes).
  const user = new BigUint64Array(16);
  if (
    !advapi32().GetTokenInformation(
      token.value,
      TOKEN_USER_CLASS,
      user,
      user.byteLength,
      new Uint32Array(1),
    )
  ) {
    throw lastError("GetTokenInformation", attempt);
  }
  const text = new BigUint64Array(1);
  if (!advapi32().ConvertSidToStringSidW(Deno.UnsafePointer.create(user[0]!), text)) {
    throw lastError("ConvertSidToStringSidW", attempt);
  }
  return takeText(text[0]!);
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

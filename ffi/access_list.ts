/**
 * Reads who can do what with an object: the entries of its access list (DACL).
 *
 * @see {@link https://learn.microsoft.com/windows/win32/secauthz/access-control-lists}
 * @module
 */

import { readDescriptor, SECURITY_INFORMATION, sidText } from "./security.ts";

/** An entry of an access list. */
export interface AccessEntry {
  /** Whether the entry allows the rights; otherwise it denies them. */
  readonly allows: boolean;
  /** The account's security identifier. */
  readonly sid: string;
  /** The rights, as a mask. */
  readonly mask: number;
  /** Whether the entry comes from the object's container. */
  readonly inherited: boolean;
}

/** An access list. */
export interface AccessList {
  /** The entries, in the order in which Windows checks them; `undefined` if there is no list. */
  readonly entries: readonly AccessEntry[] | undefined;
  /** Whether the object takes over no entries of its container. */
  readonly isProtected: boolean;
}

const SE_DACL_PRESENT = 0x4;
const SE_DACL_PROTECTED = 0x1000;
const ACCESS_ALLOWED_ACE_TYPE = 0;
const ACCESS_DENIED_ACE_TYPE = 1;
const INHERIT_ONLY_ACE = 0x8;
const INHERITED_ACE = 0x10;

/**
 * Reads the access list of an object. Entries of types other than to allow and to deny are left
 * out, and so are entries that apply only to the contents of a container.
 *
 * @param handle A handle with the right `READ_CONTROL`.
 * @param what The object's name in messages.
 */
export function readAccessList(handle: bigint, what: string): AccessList {
  const bytes = readDescriptor(handle, SECURITY_INFORMATION.dacl, what);
  const view = new DataView(bytes.buffer);
  // SECURITY_DESCRIPTOR: Control at 2, and the offset of the DACL at 16.
  const control = view.getUint16(2, true);
  const isProtected = (control & SE_DACL_PROTECTED) !== 0;
  const list = view.getUint32(16, true);
  if ((control & SE_DACL_PRESENT) === 0 || list === 0) return { entries: undefined, isProtected };
  // ACL: AceCount at 4; the entries begin at 8.
  const entries: AccessEntry[] = [];
  let at = list + 8;
  for (let left = view.getUint16(list + 4, true); left > 0; left--) {
    // ACE_HEADER: AceType, AceFlags, AceSize at 2. The mask follows at 4, and the SID at 8.
    const [type, flags] = [view.getUint8(at), view.getUint8(at + 1)];
    const isKnown = type === ACCESS_ALLOWED_ACE_TYPE || type === ACCESS_DENIED_ACE_TYPE;
    if (isKnown && (flags & INHERIT_ONLY_ACE) === 0) {
      entries.push({
        allows: type === ACCESS_ALLOWED_ACE_TYPE,
        sid: sidText(bytes.subarray(at + 8)),
        mask: view.getUint32(at + 4, true),
        inherited: (flags & INHERITED_ACE) !== 0,
      });
    }
    at += view.getUint16(at + 2, true);
  }
  return { entries, isProtected };
}

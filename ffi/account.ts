/**
 * The names of accounts: users, groups and services.
 *
 * @module
 */

import { advapi32 } from "./win32/advapi32.ts";
import { readWide } from "./wide.ts";
import { ERROR_INSUFFICIENT_BUFFER, lastErrorCode } from "./error.ts";

const names = new Map<string, string | undefined>();

/** Maximum length of the domain's name in characters, with its NUL. */
const DOMAIN_ROOM = 256;
/** Domains whose names say nothing to a user. */
const PLAIN_DOMAINS = ["", "BUILTIN", "NT AUTHORITY", "APPLICATION PACKAGE AUTHORITY"];

/**
 * Returns the name of an account: `"PC\Ada"`, `"Administrators"`, `"SYSTEM"`.
 *
 * The name is asked for once. Windows may ask a server of the account's domain.
 *
 * @param sid The security identifier as text: `"S-1-5-18"`.
 * @returns `undefined` if Windows knows no account with the identifier.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-lookupaccountsidw}
 */
export function accountName(sid: string): string | undefined {
  if (!names.has(sid)) names.set(sid, lookUp(sid));
  return names.get(sid);
}

function lookUp(sid: string): string | undefined {
  const bytes = sidBytes(sid);
  if (bytes === undefined) return undefined;
  const domain = new Uint16Array(DOMAIN_ROOM);
  const domainLength = new Uint32Array(1);
  const name = readWide((buffer) => {
    const length = Uint32Array.of(buffer.length);
    domainLength[0] = DOMAIN_ROOM;
    const use = new Uint32Array(1);
    const { LookupAccountSidW } = advapi32();
    if (LookupAccountSidW(null, bytes, buffer, length, domain, domainLength, use)) {
      return length[0]!;
    }
    return lastErrorCode() === ERROR_INSUFFICIENT_BUFFER ? buffer.length : 0;
  });
  if (name === "") return undefined;
  const of = String.fromCharCode(...domain.subarray(0, domainLength[0]));
  return PLAIN_DOMAINS.includes(of) ? name : `${of}\\${name}`;
}

/** Returns the bytes of a `SID` for its text; `undefined` if the text is no identifier. */
function sidBytes(sid: string): Uint8Array<ArrayBuffer> | undefined {
  const [, authority, rest] = /^S-1-(\d+|0x[0-9a-f]{12})((?:-\d+){0,15})$/.exec(sid) ?? [];
  if (authority === undefined) return undefined;
  const parts = (rest ?? "").split("-").slice(1).map(Number);
  const view = new DataView(new ArrayBuffer(8 + 4 * parts.length));
  view.setUint8(0, 1);
  view.setUint8(1, parts.length);
  view.setUint16(2, Math.floor(Number(authority) / 2 ** 32));
  view.setUint32(4, Number(authority) % 2 ** 32);
  parts.forEach((part, index) => view.setUint32(8 + 4 * index, part, true));
  return new Uint8Array(view.buffer);
}

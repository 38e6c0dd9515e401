/**
 * Describes this process and this machine: the user, the rights, the memory, Wine's version.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/securitybaseapi/nf-securitybaseapi-gettokeninformation}
 * @module
 */

import { advapi32 } from "./win32/advapi32.ts";
import { CURRENT_PROCESS_TOKEN } from "./security.ts";
import { lastError } from "./error.ts";
import { accounts, machine } from "./win32/this_process.ts";
import { ntdll } from "./win32/ntdll.ts";
import { decodeWide, encodeWide } from "./wide.ts";

/** The rights of this process. */
export interface TokenInfo {
  /** Whether the process runs with the full rights of an administrator. */
  readonly elevated: boolean;
  /** The integrity level. Processes cannot write to objects of a higher level. */
  readonly integrity: Integrity;
  /** Which of the asked privileges the process has, by their names. They may be disabled. */
  readonly privileges: Readonly<Record<string, boolean>>;
}

/** An integrity level, or the number of one without a name. */
export type Integrity = "untrusted" | "low" | "medium" | "high" | "system" | number;

/** Values of `TOKEN_INFORMATION_CLASS`. */
const TOKEN_PRIVILEGES = 3;
const TOKEN_ELEVATION = 20;
const TOKEN_INTEGRITY_LEVEL = 25;
/** Room for the 36 privileges of Windows, 12 bytes each, and for more. */
const MAX_TOKEN_INFORMATION = 4096;
/** `UNLEN` and a NUL: the longest name of a user, in UTF-16 code units. */
const MAX_USER_NAME = 257;

/** The lowest numbers of the levels: `SECURITY_MANDATORY_…_RID`. */
const LEVELS: readonly (readonly [number, Exclude<Integrity, number>])[] = [
  [0, "untrusted"],
  [0x1000, "low"],
  [0x2000, "medium"],
  [0x3000, "high"],
  [0x4000, "system"],
];

/**
 * Returns the rights of this process.
 *
 * @param privileges The names of privileges to look up, such as `SeCreateGlobalPrivilege`.
 */
export function tokenInfo(privileges: readonly string[]): TokenInfo {
  const attempt = "Cannot read the access token of this process";
  const { GetTokenInformation } = advapi32();
  const query = (kind: number) => {
    const bytes = new Uint8Array(MAX_TOKEN_INFORMATION);
    const length = new Uint32Array(1);
    if (!GetTokenInformation(CURRENT_PROCESS_TOKEN, kind, bytes, bytes.length, length)) {
      throw lastError("GetTokenInformation", attempt);
    }
    return new DataView(bytes.buffer, 0, Math.min(length[0]!, bytes.length));
  };
  const held = luidsOf(query(TOKEN_PRIVILEGES));
  return {
    elevated: query(TOKEN_ELEVATION).getUint32(0, true) !== 0,
    integrity: integrityOf(query(TOKEN_INTEGRITY_LEVEL)),
    privileges: Object.fromEntries(privileges.map((name) => [name, held.has(luidOf(name))])),
  };
}

/** Reads a `TOKEN_PRIVILEGES`: a count, and then 12 bytes each with the LUID first. */
function luidsOf(view: DataView): Set<bigint> {
  const count = Math.min(view.getUint32(0, true), Math.floor((view.byteLength - 4) / 12));
  return new Set(
    Array.from({ length: count }, (_, index) => view.getBigUint64(4 + 12 * index, true)),
  );
}

function luidOf(name: string): bigint {
  const luid = new BigUint64Array(1);
  if (!accounts().LookupPrivilegeValueW(null, encodeWide(name), luid)) {
    throw lastError("LookupPrivilegeValueW", `Cannot look up the privilege ${name}`);
  }
  return luid[0]!;
}

/** Reads a `TOKEN_MANDATORY_LABEL`. The level is the last number of its SID, which ends the data. */
function integrityOf(view: DataView): Integrity {
  const level = view.getUint32(view.byteLength - 4, true);
  const found = LEVELS.findLast(([lowest]) => level >= lowest);
  return found === undefined || level >= 0x5000 ? level : found[1];
}

/** Returns the name of the user that runs this process. */
export function userName(): string {
  const units = new Uint16Array(MAX_USER_NAME);
  const length = Uint32Array.of(units.length);
  if (!accounts().GetUserNameW(units, length)) {
    throw lastError("GetUserNameW", "Cannot read the name of this user");
  }
  return decodeWide(units.subarray(0, length[0]! - 1));
}

/** Returns the code page of programs that do not use Unicode. 65001 is UTF-8. */
export function ansiCodePage(): number {
  return machine().GetACP();
}

/** The memory of the machine in bytes. */
export interface MachineMemory {
  /** The physical memory. */
  readonly total: number;
  /** The memory that can still be allocated, with the page file. A section cannot be larger. */
  readonly available: number;
}

/** Size of `MEMORYSTATUSEX` in bytes. */
const MEMORYSTATUSEX_SIZE = 64;

/** Returns the memory of the machine. */
export function machineMemory(): MachineMemory {
  const status = new DataView(new ArrayBuffer(MEMORYSTATUSEX_SIZE));
  status.setUint32(0, MEMORYSTATUSEX_SIZE, true);
  if (!machine().GlobalMemoryStatusEx(status)) {
    throw lastError("GlobalMemoryStatusEx", "Cannot read the memory of this machine");
  }
  // ullTotalPhys at 8, ullAvailPageFile at 32.
  return {
    total: Number(status.getBigUint64(8, true)),
    available: Number(status.getBigUint64(32, true)),
  };
}

/** Returns the version of Wine, or `undefined` on Windows. */
export function wineVersion(): string | undefined {
  const get = ntdll().wine_get_version;
  const text = get === null ? null : get();
  return text === null ? undefined : Deno.UnsafePointerView.getCString(text);
}

/**
 * Lists the named objects of a directory of the kernel, without opening them.
 *
 * Links in a directory are listed as links, and are not followed.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/devnotes/ntquerydirectoryobject}
 * @module
 */

import { errorFromStatus } from "./error.ts";
import { Handle } from "./handle.ts";
import { addressOf, objectAttributes } from "./win32/types.ts";
import { ntdll } from "./win32/ntdll.ts";
import { encodeWide, fromUnits } from "./wide.ts";

/** A named object. */
export interface DirectoryEntry {
  /** The name in the directory. It can have any characters, also a NUL. */
  readonly name: string;
  /** The kind of object in the kernel's words: `"Section"`, `"Mutant"`. */
  readonly type: string;
}

/** The directory of global objects. Session 0 has no other one. */
export const GLOBAL_DIRECTORY = "\\BaseNamedObjects";

/** Returns the directory of the objects of a session: those whose names begin with `Local\`. */
export function sessionDirectory(session: number): string {
  return session === 0 ? GLOBAL_DIRECTORY : `\\Sessions\\${session}\\BaseNamedObjects`;
}

const DIRECTORY_QUERY = 1;
const STATUS_NO_MORE_ENTRIES = 0x8000_001a | 0;
/** Size of a batch of entries in bytes: enough for about 4,000 names of usual length. */
const BATCH_SIZE = 2 ** 19;
/** Maximum number of batches, because programs can create names without end. */
const MAX_BATCHES = 10_000;
/** The size of an `OBJECT_DIRECTORY_INFORMATION`, which has two `UNICODE_STRING`s. */
const ENTRY_SIZE = 32;

/**
 * Lists the objects of a directory. An object that is created or closed at the same time can be
 * missing.
 *
 * @throws {Deno.errors.NotFound} If there is no such directory.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to list the directory.
 */
export function listDirectory(path: string): DirectoryEntry[] {
  const attempt = `Cannot list the objects of ${path}`;
  using directory = openDirectory(path, attempt);
  const { NtQueryDirectoryObject } = ntdll();
  const batch = new DataView(new ArrayBuffer(BATCH_SIZE));
  const [context, length] = [new Uint32Array(1), new Uint32Array(1)];
  // The context is a position. If objects are closed meanwhile, an entry can come twice.
  const found = new Map<string, DirectoryEntry>();
  for (let count = 0; count < MAX_BATCHES; count++) {
    const before = context[0];
    const status = NtQueryDirectoryObject(
      directory.value,
      batch,
      BATCH_SIZE,
      0,
      count === 0 ? 1 : 0,
      context,
      length,
    );
    if (status === STATUS_NO_MORE_ENTRIES) break;
    if (status < 0) throw errorFromStatus(status, "NtQueryDirectoryObject", attempt);
    for (const entry of entriesIn(batch)) found.set(`${entry.type}\\${entry.name}`, entry);
    if (context[0] === before) break;
  }
  return [...found.values()];
}

function openDirectory(path: string, attempt: string): Handle {
  const out = new BigUint64Array(1);
  const attributes = objectAttributes(encodeWide(path), null);
  const status = ntdll().NtOpenDirectoryObject(out, DIRECTORY_QUERY, attributes);
  if (status >= 0) return new Handle(out[0]!, `directory ${path}`);
  throw errorFromStatus(status, "NtOpenDirectoryObject", attempt);
}

/** Reads the entries of a batch. An entry of zeros ends the batch; the texts follow. */
function* entriesIn(batch: DataView<ArrayBuffer>): Generator<DirectoryEntry> {
  const base = addressOf(new Uint8Array(batch.buffer));
  for (let at = 0; at + ENTRY_SIZE <= BATCH_SIZE; at += ENTRY_SIZE) {
    const name = textAt(batch, at, base);
    const type = textAt(batch, at + ENTRY_SIZE / 2, base);
    if (name === undefined || type === undefined) return;
    yield { name, type };
  }
}

/** Reads a `UNICODE_STRING` whose text is in the same buffer; `undefined` if it has no address. */
function textAt(batch: DataView<ArrayBuffer>, at: number, base: bigint): string | undefined {
  const address = batch.getBigUint64(at + 8, true);
  if (address === 0n) return undefined;
  const offset = Number(address - base);
  return fromUnits(new Uint16Array(batch.buffer, offset, batch.getUint16(at, true) / 2));
}

/**
 * The notice that describes a handle to another process. It is sent by WM_COPYDATA.
 *
 * `dwData` is {@linkcode HANDLE_NOTICE}. The data has 40 bytes, little-endian:
 *
 * | at | type | meaning                                                                 |
 * | -- | ---- | ----------------------------------------------------------------------- |
 * | 0  | u32  | 0x43504957, the letters WIPC                                            |
 * | 4  | u16  | 1, the version                                                          |
 * | 6  | u8   | 1: the handle is in the receiver's process; 2: in the sender's process  |
 * | 7  | u8   | the kind of object: 0 section; 1 event; 2 semaphore; 3 mutex            |
 * | 8  | u32  | the sender's process id                                                 |
 * | 12 | u32  | the rights that the receiver gets: section 5 (read) or 7 (readwrite);   |
 * |    |      | event or semaphore 0x100002, or 0x100000 if it can only be waited for;  |
 * |    |      | mutex 0x100000                                                          |
 * | 16 | u64  | the handle's value                                                      |
 * | 24 | u64  | the section's size in bytes; 0 for another kind of object               |
 * | 32 | u64  | a number that the sender chooses, to identify the object                |
 *
 * `wParam` is a window of the sender's process. If the receiver answers 0, it refuses the handle,
 * and the sender closes the handle. With any other answer, the receiver owns the handle.
 *
 * @module
 */

import type { MemoryAccess } from "../memory/mod.ts";
import type { SharedObjectKind } from "../sync/mod.ts";

/** The `dwData` of a notice, and its first four bytes. */
export const HANDLE_NOTICE = 0x43504957;

const BYTE_LENGTH = 40;
const VERSION = 1;
/** The numbers of the processes in which the handle can be. */
const PLACES = { receiver: 1, sender: 2 } as const;
/** The kind of object, and the granted rights. Some only let the receiver wait for the object. */
export type Grant = MemoryAccess | SharedObjectKind | "event to wait for" | "semaphore to wait for";
/** The numbers of the kinds of objects. */
const KINDS: Record<Grant, number> = {
  read: 0,
  readwrite: 0,
  event: 1,
  "event to wait for": 1,
  semaphore: 2,
  "semaphore to wait for": 2,
  mutex: 3,
};
/** The masks of rights that a receiver gets. */
export const RIGHTS: Record<Grant, number> = {
  read: 0x5,
  readwrite: 0x7,
  event: 0x100002,
  "event to wait for": 0x100000,
  semaphore: 0x100002,
  "semaphore to wait for": 0x100000,
  mutex: 0x100000,
};

const GRANTS = [
  "read",
  "readwrite",
  "event",
  "event to wait for",
  "semaphore",
  "semaphore to wait for",
  "mutex",
] as const;

/** The contents of a notice. */
export interface HandleNotice {
  /** The process in which the handle is. */
  place: "receiver" | "sender";
  /** The sender's process id. */
  pid: number;
  /** The kind of object, and the rights that the receiver gets. */
  access: Grant;
  /** The handle's value. */
  handle: bigint;
  /** The section's size in bytes; 0 for another kind of object. */
  byteLength: number;
  /** A number that the sender chooses, to identify the object. */
  tag: bigint;
}

/** Returns the bytes of a notice. */
export function encodeNotice(notice: HandleNotice): Uint8Array<ArrayBuffer> {
  const data = new DataView(new ArrayBuffer(BYTE_LENGTH));
  data.setUint32(0, HANDLE_NOTICE, true);
  data.setUint16(4, VERSION, true);
  data.setUint8(6, PLACES[notice.place]);
  data.setUint8(7, KINDS[notice.access]);
  data.setUint32(8, notice.pid, true);
  data.setUint32(12, RIGHTS[notice.access], true);
  data.setBigUint64(16, notice.handle, true);
  data.setBigUint64(24, BigInt(notice.byteLength), true);
  data.setBigUint64(32, notice.tag, true);
  return new Uint8Array(data.buffer);
}

/**
 * Reads a notice.
 *
 * @param id The `dwData` of the WM_COPYDATA.
 * @throws {Deno.errors.InvalidData} If the message is not a notice, or its contents are invalid.
 */
export function decodeNotice(id: bigint, bytes: Uint8Array<ArrayBuffer>): HandleNotice {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    BigInt.asUintN(32, id) !== BigInt(HANDLE_NOTICE) || bytes.length !== BYTE_LENGTH ||
    data.getUint32(0, true) !== HANDLE_NOTICE
  ) {
    throw new Deno.errors.InvalidData(
      `Cannot read a message of ${bytes.length} bytes as the notice of a handle`,
    );
  }
  const version = data.getUint16(4, true);
  if (version !== VERSION) {
    throw new Deno.errors.InvalidData(
      `Cannot read the notice of a handle: its version is ${version}, not ${VERSION}`,
    );
  }
  return {
    place: wordFor("place", PLACES, data.getUint8(6)),
    pid: data.getUint32(8, true),
    access: grantFor(data.getUint8(7), data.getUint32(12, true)),
    handle: data.getBigUint64(16, true),
    byteLength: Number(data.getBigUint64(24, true)),
    tag: data.getBigUint64(32, true),
  };
}

function wordFor<T extends string>(what: string, words: Record<T, number>, number: number): T {
  for (const word in words) if (words[word] === number) return word;
  throw new Deno.errors.InvalidData(
    `Cannot read the notice of a handle: its ${what} ${number} is unknown`,
  );
}

function grantFor(kind: number, rights: number): Grant {
  for (const grant of GRANTS) {
    if (KINDS[grant] === kind && RIGHTS[grant] === rights) return grant;
  }
  throw new Deno.errors.InvalidData(
    `Cannot read the notice of a handle: its kind ${kind} with rights ${rights} is unknown`,
  );
}

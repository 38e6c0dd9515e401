/**
 * The kinds of objects that processes take turns by.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights}
 * @module
 */

import { SYNCHRONIZE } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { type NamedRight, type OpenCall, READ_CONTROL } from "../../ffi/named_object.ts";
import type { ObjectRights } from "../../ffi/security.ts";

/** `EVENT_QUERY_STATE` and `SEMAPHORE_QUERY_STATE`. */
const QUERY_STATE = 0x1;
/** `EVENT_MODIFY_STATE` and `SEMAPHORE_MODIFY_STATE`. */
const MODIFY_STATE = 0x2;
/** `MUTEX_MODIFY_STATE`, which Windows does not need to release one; .NET asks for it when it opens one. */
const MUTEX_MODIFY_STATE = 0x1;

/** What this module calls the kinds. */
export type SharedObjectKind = "event" | "semaphore" | "mutex";

/** A kind of object. */
export interface ObjectKind {
  /** What this module calls it. */
  word: SharedObjectKind;
  /** The word with its article. */
  noun: string;
  /** What the kernel calls it. */
  type: string;
  /** The rights that it takes to use one. */
  use: number;
  /** All the rights, and those that `"everyone"` gets. */
  rights: ObjectRights;
  /** The right that it takes to ask for the settings of one; 0 if it has none. */
  query: number;
  /** The rights of `use` and `query` by their names. */
  named: readonly NamedRight[];
  /** The function that opens one. */
  openApi: string;
  /** That function. */
  open: OpenCall;
}

/** The use of an object: only to wait for it, or also to set, reset or release it. */
export type ObjectAccess = "wait" | "modify";
/** Each {@linkcode ObjectAccess}. */
export const OBJECT_ACCESS = ["wait", "modify"] as const satisfies ObjectAccess[];

const WAIT_RIGHT: NamedRight = { name: "SYNCHRONIZE", mask: SYNCHRONIZE };
const WAIT_ONLY = 'open it with { access: "wait" } to wait for it only';
const ANY_SETTING = "open it by open(), which takes it with any settings";

/** Events. */
export const EVENT: ObjectKind = {
  word: "event",
  noun: "an event",
  type: "Event",
  use: SYNCHRONIZE | MODIFY_STATE,
  query: QUERY_STATE,
  named: [
    WAIT_RIGHT,
    { name: "EVENT_MODIFY_STATE", mask: MODIFY_STATE, without: WAIT_ONLY },
    { name: "EVENT_QUERY_STATE", mask: QUERY_STATE, without: ANY_SETTING },
  ],
  rights: { all: 0x1f0003, everyone: SYNCHRONIZE | MODIFY_STATE | QUERY_STATE | READ_CONTROL },
  openApi: "OpenEventW",
  open: (...args) => kernel32().OpenEventW(...args),
};

/** Semaphores. */
export const SEMAPHORE: ObjectKind = {
  word: "semaphore",
  noun: "a semaphore",
  type: "Semaphore",
  use: SYNCHRONIZE | MODIFY_STATE,
  query: QUERY_STATE,
  named: [
    WAIT_RIGHT,
    { name: "SEMAPHORE_MODIFY_STATE", mask: MODIFY_STATE, without: WAIT_ONLY },
    { name: "SEMAPHORE_QUERY_STATE", mask: QUERY_STATE, without: ANY_SETTING },
  ],
  rights: { all: 0x1f0003, everyone: SYNCHRONIZE | MODIFY_STATE | QUERY_STATE | READ_CONTROL },
  openApi: "OpenSemaphoreW",
  open: (...args) => kernel32().OpenSemaphoreW(...args),
};

/**
 * Mutexes, which the kernel calls mutants.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openmutexw}
 */
export const MUTEX: ObjectKind = {
  word: "mutex",
  noun: "a mutex",
  type: "Mutant",
  use: SYNCHRONIZE,
  query: 0,
  named: [WAIT_RIGHT],
  rights: { all: 0x1f0001, everyone: SYNCHRONIZE | MUTEX_MODIFY_STATE | READ_CONTROL },
  openApi: "OpenMutexW",
  open: (...args) => kernel32().OpenMutexW(...args),
};

/**
 * Reads the states of events, semaphores and mutexes without changing them, and finds the processes
 * that hold an object open.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntqueryobject}
 * @see {@link https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-ntquerysysteminformation}
 * @module
 */

import { errorFromStatus } from "./error.ts";
import { ntdll } from "./win32/ntdll.ts";

/** The right to read the state of an event. */
export const EVENT_QUERY_STATE = 1;
/** The right to read the state of a semaphore. */
export const SEMAPHORE_QUERY_STATE = 1;
/** The right to read the state of a mutex. */
export const MUTANT_QUERY_STATE = 1;

/** The state of an event. */
export interface EventState {
  /** Whether the event stays set until it is reset. */
  readonly manual: boolean;
  readonly set: boolean;
}

/** Reads the state of an event. The handle needs {@linkcode EVENT_QUERY_STATE}. */
export function eventState(event: bigint, what: string): EventState {
  // EVENT_BASIC_INFORMATION: EventType, 0 for a manual-reset event; EventState.
  const info = new Int32Array(2);
  const status = ntdll().NtQueryEvent(event, 0, info, info.byteLength, null);
  if (status < 0) throw notRead("NtQueryEvent", status, what);
  return { manual: info[0] === 0, set: info[1] !== 0 };
}

/** The state of a semaphore. */
export interface SemaphoreState {
  readonly count: number;
  readonly maximum: number;
}

/** Reads the state of a semaphore. The handle needs {@linkcode SEMAPHORE_QUERY_STATE}. */
export function semaphoreState(semaphore: bigint, what: string): SemaphoreState {
  // SEMAPHORE_BASIC_INFORMATION: CurrentCount, MaximumCount.
  const info = new Uint32Array(2);
  const status = ntdll().NtQuerySemaphore(semaphore, 0, info, info.byteLength, null);
  if (status < 0) throw notRead("NtQuerySemaphore", status, what);
  return { count: info[0]!, maximum: info[1]! };
}

/** The state of a mutex. */
export interface MutexState {
  readonly held: boolean;
  /** Whether its last holder ended without releasing it. */
  readonly abandoned: boolean;
  /** The process that holds the mutex; `undefined` if none does, or if Windows does not tell. */
  readonly process: number | undefined;
  /** The thread that holds the mutex. */
  readonly thread: number | undefined;
}

const MUTANT_BASIC_INFORMATION = 0;
const MUTANT_OWNER_INFORMATION = 1;

/** Reads the state of a mutex. The handle needs {@linkcode MUTANT_QUERY_STATE}. */
export function mutexState(mutex: bigint, what: string): MutexState {
  const { NtQueryMutant } = ntdll();
  // MUTANT_BASIC_INFORMATION: CurrentCount at 0 (1 if free), OwnedByCaller at 4, AbandonedState at 5.
  const info = new DataView(new ArrayBuffer(8));
  const status = NtQueryMutant(mutex, MUTANT_BASIC_INFORMATION, info, info.byteLength, null);
  if (status < 0) throw notRead("NtQueryMutant", status, what);
  const held = info.getInt32(0, true) < 1;
  const abandoned = info.getUint8(5) !== 0;
  // CLIENT_ID: UniqueProcess, UniqueThread.
  const owner = new BigUint64Array(2);
  const isTold = held &&
    NtQueryMutant(mutex, MUTANT_OWNER_INFORMATION, owner, owner.byteLength, null) >= 0;
  const id = (index: number) => isTold ? Number(owner[index]) || undefined : undefined;
  return { held, abandoned, process: id(0), thread: id(1) };
}

function notRead(api: string, status: number, what: string): Error {
  return errorFromStatus(status, api, `Cannot read the state of ${what}`);
}

/** The size of an `OBJECT_BASIC_INFORMATION`, in bytes. */
const BASIC_SIZE = 56;

/** Returns the number of open handles of an object in all processes, with this handle. */
export function handleCount(handle: bigint, what: string): number {
  const info = new DataView(new ArrayBuffer(BASIC_SIZE));
  const status = ntdll().NtQueryObject(handle, 0, info, BASIC_SIZE, null);
  if (status < 0) throw errorFromStatus(status, "NtQueryObject", `Cannot count handles of ${what}`);
  return info.getUint32(8, true);
}

/** The open handles of an object in one process. */
export interface Holder {
  readonly process: number;
  readonly handles: number;
}

const SYSTEM_EXTENDED_HANDLE_INFORMATION = 64;
const STATUS_INFO_LENGTH_MISMATCH = 0xc000_0004 | 0;
/** The size of the header of the list of handles, and of an entry, in bytes. */
const HANDLES = { header: 16, entry: 40 } as const;
/** First and maximum size of the list of all handles in bytes: for 25,000 and for 6 million. */
const LIST_SIZE = { first: 2 ** 20, most: 2 ** 28 } as const;

/**
 * Finds the processes that have handles of an object.
 *
 * Windows gives the address of each handle's object. Since Windows 11 24H2, it gives addresses only
 * to processes with the privilege to debug. Wine gives no addresses.
 *
 * @param handle A handle of the object in this process. It is not counted.
 * @returns `undefined` if Windows does not tell.
 */
export function holdersOf(handle: bigint): Holder[] | undefined {
  const list = listHandles();
  return list && holdersIn(list, { handle, process: Deno.pid });
}

/**
 * Finds the processes in a list of all handles: a `SYSTEM_HANDLE_INFORMATION_EX`.
 *
 * @param own A handle of the object, and its process.
 * @returns `undefined` if the list has no address of the object.
 */
export function holdersIn(
  list: DataView,
  own: { handle: bigint; process: number },
): Holder[] | undefined {
  const count = Math.min(
    Number(list.getBigUint64(0, true)),
    Math.floor((list.byteLength - HANDLES.header) / HANDLES.entry),
  );
  // SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX: Object at 0, UniqueProcessId at 8, HandleValue at 16.
  const at = (index: number) => HANDLES.header + index * HANDLES.entry;
  const isOurs = (index: number) =>
    list.getBigUint64(at(index) + 16, true) === own.handle &&
    list.getBigUint64(at(index) + 8, true) === BigInt(own.process);
  let object = 0n;
  for (let index = 0; index < count && object === 0n; index++) {
    if (isOurs(index)) object = list.getBigUint64(at(index), true);
  }
  if (object === 0n) return undefined;
  const holders = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    if (list.getBigUint64(at(index), true) !== object || isOurs(index)) continue;
    const process = Number(list.getBigUint64(at(index) + 8, true));
    holders.set(process, (holders.get(process) ?? 0) + 1);
  }
  return [...holders].map(([process, handles]) => ({ process, handles }));
}

/** Returns all handles of all processes; `undefined` if Windows does not list them. */
function listHandles(): DataView<ArrayBuffer> | undefined {
  const { NtQuerySystemInformation } = ntdll();
  for (let size: number = LIST_SIZE.first; size <= LIST_SIZE.most; size *= 4) {
    const list = new DataView(new ArrayBuffer(size));
    const status = NtQuerySystemInformation(SYSTEM_EXTENDED_HANDLE_INFORMATION, list, size, null);
    if (status >= 0) return list;
    if (status !== STATUS_INFO_LENGTH_MISMATCH) return undefined;
  }
  return undefined;
}

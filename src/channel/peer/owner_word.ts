/**
 * How the owner of a place is written down, in 64 bits: a place is taken in one step.
 *
 * The lower half is a process id, or a thread id and 1. (Windows gives both ids from one table, in
 * multiples of 4.) The upper half is when that process or thread was started, its FILETIME in
 * milliseconds modulo 2³². It tells the owner from a later one that got the same id.
 *
 * @module
 */

import type { ThreadIdentity } from "../../../ffi/process_thread.ts";

/** FILETIME counts in units of 100 nanoseconds. */
const UNITS_PER_MILLISECOND = 10_000n;
const LOW_HALF = 0xffff_ffffn;
/** Says in the lower half that the owner is a thread. */
export const THREAD = 1;

/** A process as it is written down. */
export function processOwner(pid: number, start: bigint): bigint {
  return halves(start, BigInt(pid));
}

/** A thread as it is written down. */
export function threadOwner({ id, start }: ThreadIdentity): bigint {
  return halves(start, BigInt(id | THREAD));
}

/** What is written down: the id of a process or of a thread. */
export function readOwner(owner: bigint): { kind: "process" | "thread"; id: number } {
  const id = Number(owner & LOW_HALF);
  return id % 2 === THREAD ? { kind: "thread", id: id - THREAD } : { kind: "process", id };
}

/** The owner for messages: `process 1234`. */
export function describeOwner(owner: bigint): string {
  const { kind, id } = readOwner(owner);
  return `${kind} ${id}`;
}

function halves(start: bigint, id: bigint): bigint {
  return ((start / UNITS_PER_MILLISECOND) & LOW_HALF) << 32n | id;
}

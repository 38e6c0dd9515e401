/**
 * How rings and values are inspected: without a place, and without a write to their memory.
 *
 * An inspection copies parts of the memory, because a peer can change the memory at any moment. It
 * checks each copy. A copy that contradicts itself can be of two moments, so it is taken again.
 *
 * @module
 */

import { processOfThread } from "../../../ffi/process_thread.ts";
import { CLOSED, type HeaderWords, OwnerWatch, type Place, readOwner } from "./place.ts";
import { WAKE_WORDS } from "./wake.ts";

/** A memory to inspect. */
export interface InspectedMemory {
  /** The size of the memory in bytes. */
  readonly byteLength: number;
  /**
   * Copies a part of the memory.
   *
   * @param offset The part's start in bytes.
   * @param length The part's length in bytes. The part ends within the memory.
   */
  copy(offset: number, length: number): ArrayBuffer;
}

/**
 * The state of an end:
 *
 * - `"free"`: no end has come yet.
 * - `"alive"`: the end's process or Worker runs.
 * - `"closed"`: the last end was closed.
 * - `"dead"`: the process or Worker has ended without closing its end.
 * - `"hidden"`: this user cannot look at the process, which exists.
 */
export type PlaceState = "free" | "alive" | "closed" | "dead" | "hidden";

/** The owner of a place, and whether it runs. */
export interface InspectedOwner {
  readonly state: "alive" | "dead" | "hidden";
  /** The process's id. It is `undefined` for a thread that is gone or hidden. */
  readonly process: number | undefined;
  /** The thread's id, if the end belongs to a Worker's thread. */
  readonly thread: number | undefined;
}

/** Looks up the owner of a place by the 64-bit id in the memory. */
export type OwnerLookup = (owner: bigint) => InspectedOwner;

/** A place in the memory of a ring or a value. */
export interface InspectedPlace {
  readonly role: "sender" | "receiver" | "writer" | "reader";
  readonly state: PlaceState;
  /** The id of the process that has the place; `undefined` if none has it, or if it is unknown. */
  readonly process: number | undefined;
  /** The id of the thread that has the place, if the end belongs to a Worker. */
  readonly thread: number | undefined;
}

/** The readers of a broadcast ring or a latest value that have waited at least once. */
export interface InspectedReaders {
  /** The number of readers with a wake event. A killed reader is counted until its event is reused. */
  readonly waited: number;
  /** The number of readers that wait now. */
  readonly waiting: number;
}

/** Memory of a known kind that cannot be inspected. */
export interface BrokenMemory<Kind> {
  readonly kind: Kind;
  /** The version in the header. */
  readonly version: number;
  /** The reason, as a clause: `"its header contradicts itself"`. */
  readonly problem: string;
}

/** Looks up an owner now. */
export function lookUpOwner(owner: bigint): InspectedOwner {
  const { kind, id } = readOwner(owner);
  const found = OwnerWatch.open(owner);
  if (typeof found === "object") found.close();
  const state = typeof found === "object" ? "alive" : found === "hidden" ? "hidden" : "dead";
  if (kind === "process") return { state, process: id, thread: undefined };
  return { state, process: state === "dead" ? undefined : processOfThread(id), thread: id };
}

/** Returns the state of a place in a copied header. */
export function inspectPlace(
  { words, owners }: HeaderWords,
  place: Place,
  role: InspectedPlace["role"],
  lookUp: OwnerLookup,
): InspectedPlace {
  const owner = owners[place.owner]!;
  if (owner !== 0n) return { role, ...lookUp(owner) };
  const state = words[place.state] === CLOSED ? "closed" : "free";
  return { role, state, process: undefined, thread: undefined };
}

/** Counts the bits of the wake events in a copied header. */
export function inspectReaders(header: ArrayBuffer, offset: number): InspectedReaders {
  const words = new Uint32Array(header, offset, WAKE_WORDS);
  const count = (from: number, to: number) =>
    words.subarray(from, to).reduce((sum, word) => sum + bitsOf(word), 0);
  return { waiting: count(0, WAKE_WORDS / 2), waited: count(WAKE_WORDS / 2, WAKE_WORDS) };
}

function bitsOf(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Maximum copies of a memory that its ends change all the time. */
const MAX_COPIES = 64;

/**
 * Inspects a memory by copies of its header, until one copy does not contradict itself.
 *
 * @param headerLength The number of bytes to copy: the header of this kind.
 * @param inspect Returns what a copy says, or a clause about its contradiction.
 * @returns What the copy says; the clause, if all copies contradict themselves.
 */
export function inspectHeaderOf<Kind extends string, Found extends object>(
  memory: InspectedMemory,
  kind: Kind,
  headerLength: number,
  inspect: (header: ArrayBuffer) => Found | string,
): Found | BrokenMemory<Kind> {
  if (memory.byteLength < headerLength) {
    return { kind, version: 0, problem: `it has only ${memory.byteLength} bytes` };
  }
  for (let copies = 1;; copies++) {
    const header = memory.copy(0, headerLength);
    const found = inspect(header);
    if (typeof found !== "string") return found;
    if (copies < MAX_COPIES) continue;
    // Each kind has its version in the word after its magic.
    return { kind, version: new Uint32Array(header)[1]!, problem: found };
  }
}

/**
 * The places of a ring or a latest value, and the ends that one object of it has opened.
 *
 * The owner of a place is a process or a thread. An end in a Worker belongs to the Worker's thread,
 * because the process lives on when the Worker ends. All other ends belong to their process; those
 * of C programs can move from thread to thread.
 *
 * @module
 */

import { labelOf } from "./memory.ts";
import type { Machine } from "./machine.ts";
import { describeOwner } from "./owner.ts";

/** The words of a place in a header. */
export interface Place {
  /** Index of the owner's id in the header's `owners`. */
  readonly owner: number;
  /** Index of the state in the header's `words`. The state is {@linkcode CLOSED} or 0. */
  readonly state: number;
}

/** A header that has places, as words of two sizes. */
export interface HeaderWords {
  /** The header in words of 32 bits. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The header in words of 64 bits, the size of an owner's id. */
  readonly owners: BigUint64Array<ArrayBuffer>;
}

/** The state of a place whose last owner closed its end. */
export const CLOSED = 1;

const NOBODY = 0n;
/** Maximum attempts to take a place, so that a hostile peer cannot keep this end in a loop. */
export const MAX_ATTEMPTS = 16;

/** Returns whether the owner of a place has ended; false if this user cannot wait for the owner. */
export function hasEnded(owner: bigint, machine: Machine): boolean {
  if (owner === machine.self) return false;
  const found = machine.watch(owner);
  if (typeof found === "object") found.close();
  return found === "ended";
}

/** Returns whether an end has taken a place, even if that end was closed since. */
export function wasTaken({ words, owners }: HeaderWords, place: Place): boolean {
  // An end that leaves its place stores the state first.
  return Atomics.load(owners, place.owner) !== NOBODY ||
    Atomics.load(words, place.state) === CLOSED;
}

/** Options for taking a place. */
export interface TakePlaceOptions {
  /** The kind of end, for error messages: `"sender"`. */
  who: string;
  /** The machine that the end runs on. */
  machine: Machine;
}

/**
 * Takes a place that is free, or whose owner has ended.
 *
 * @throws {Deno.errors.Busy} If another end has it.
 */
export function takePlace(
  { owners }: HeaderWords,
  place: Place,
  { who, machine }: TakePlaceOptions,
): void {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const owner = Atomics.load(owners, place.owner);
    if (owner !== NOBODY && !hasEnded(owner, machine)) {
      throw new Deno.errors.Busy(
        `The ${labelOf(owners.buffer)} has a ${who} already, in ${
          describeOwner(owner)
        }: close that ${who} first`,
      );
    }
    // Another process can take the place after the check above.
    if (Atomics.compareExchange(owners, place.owner, owner, machine.self) === owner) return;
  }
  throw new Deno.errors.Busy(
    `Cannot open a ${who} of the ${labelOf(owners.buffer)}: in ${MAX_ATTEMPTS} attempts ` +
      "another process took the place first; try again",
  );
}

/**
 * Leaves a place in the state {@linkcode CLOSED}, so that the peer does not take this for a death.
 */
export function leavePlace(
  { words, owners }: HeaderWords,
  place: Place,
  { machine }: Pick<TakePlaceOptions, "machine">,
): void {
  Atomics.store(words, place.state, CLOSED);
  Atomics.compareExchange(owners, place.owner, machine.self, NOBODY);
}

/** The open ends of a ring or a latest value, which are closed with it. */
export class Ends {
  readonly #ends = new Set<{ readonly closed: boolean; close(): void }>();

  /** Adds an end and returns it. */
  add<T extends { readonly closed: boolean; close(): void }>(end: T): T {
    for (const other of this.#ends) if (other.closed) this.#ends.delete(other);
    this.#ends.add(end);
    return end;
  }

  /** Closes all ends. If one close throws, the next ends are closed nevertheless. */
  close(): void {
    using stack = new DisposableStack();
    for (const end of this.#ends) stack.defer(() => end.close());
    this.#ends.clear();
  }
}

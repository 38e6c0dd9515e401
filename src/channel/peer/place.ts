/**
 * The places of a ring or a latest value, their owners, and the open ends of one object. An end
 * learns here that its peer has left or died.
 *
 * The owner of a place is a process or a thread. An end in a Worker belongs to the Worker's thread,
 * because the process lives on when the Worker ends. All other ends belong to their process; those
 * of C programs can move from thread to thread.
 *
 * An owner's id has 64 bits, so that a place is taken in one atomic step. The lower half is a
 * process id, or a thread id plus 1. (Windows takes both ids from one table, in multiples of 4.)
 * The upper half is the time when the process or thread was started: its FILETIME in milliseconds,
 * modulo 2³². By this time, an owner differs from a later process or thread with the same id.
 *
 * @module
 */

import {
  openProcess,
  openThread,
  startOf,
  type ThreadIdentity,
  threadStartOf,
} from "../../../ffi/process_thread.ts";
import type { Handle } from "../../../ffi/handle.ts";
import { blockOn } from "../../../ffi/kernel_object.ts";
import { waitForOne } from "../../sync/single_wait.ts";
import { WaitableObject } from "../../sync/waitable_object.ts";
import { labelOf } from "./memory.ts";
import type { Machine, Owner } from "./machine.ts";
import { UNITS_PER_MILLISECOND } from "../../../ffi/platform.ts";

/** A FILETIME counts units of 100 nanoseconds. */
const FILETIME_PER_MILLISECOND = 10_000n;
const LOW_HALF = 0xffff_ffffn;
/** The bit of the lower half that is set if the owner is a thread. */
export const THREAD = 1;

/** Returns the owner's id of a process that was started at a FILETIME. */
export function processOwner(pid: number, start: bigint): bigint {
  return halves(start, BigInt(pid));
}

/** Returns the owner's id of a thread. */
export function threadOwner({ id, start }: ThreadIdentity): bigint {
  return halves(start, BigInt(id | THREAD));
}

/** Returns the process or thread of an owner's id. */
export function readOwner(owner: bigint): { kind: "process" | "thread"; id: number } {
  const id = Number(owner & LOW_HALF);
  return id % 2 === THREAD ? { kind: "thread", id: id - THREAD } : { kind: "process", id };
}

/** Returns an owner's name for error messages: `process 1234`. */
export function describeOwner(owner: bigint): string {
  const { kind, id } = readOwner(owner);
  return `${kind} ${id}`;
}

function halves(start: bigint, id: bigint): bigint {
  return ((start / FILETIME_PER_MILLISECOND) & LOW_HALF) << 32n | id;
}

/** A process or a thread that owns a place, to wait until it ends. */
export class OwnerWatch extends WaitableObject {
  readonly #handle: Handle;

  private constructor(handle: Handle) {
    super(handle);
    this.#handle = handle;
  }

  /**
   * Opens the owner of a place, to wait for its end.
   *
   * @param owner The 64-bit id in the place.
   * @returns `"ended"` if the owner has ended, `"hidden"` if this user cannot wait for it.
   */
  static open(owner: bigint): OwnerWatch | "ended" | "hidden" {
    let handle: Handle | undefined;
    try {
      handle = openOwner(owner);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "ended";
      if (error instanceof Deno.errors.PermissionDenied) return "hidden";
      throw error;
    }
    const watch = handle && new OwnerWatch(handle);
    if (watch !== undefined && !watch.hasEnded) return watch;
    watch?.close();
    return "ended";
  }

  /** Whether the process or thread has ended. */
  get hasEnded(): boolean {
    return blockOn(this.#handle, 0) !== undefined;
  }

  /** Waits until the process or thread ends. */
  async wait(): Promise<void> {
    await waitForOne(this, {});
  }
}

/** Opens an owner; `undefined` if a later process or thread has its id now. */
function openOwner(owner: bigint): Handle | undefined {
  const { kind, id } = readOwner(owner);
  using stack = new DisposableStack();
  const handle = stack.use(kind === "thread" ? openThread(id) : openProcess(id, "end"));
  const found = kind === "thread"
    ? threadOwner({ id, start: threadStartOf(handle) })
    : processOwner(id, startOf(handle));
  if (found !== owner) return undefined;
  stack.move();
  return handle;
}

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

/** Minimum time between two checks of the peer's process by an end that does not wait: 20 ms. */
const CHECK_INTERVAL = 20 * UNITS_PER_MILLISECOND;

/**
 * The state of a peer:
 *
 * - `"closed"`: the peer was there and has closed its end.
 * - `"dead"`: the peer's process or Worker is known to have ended without closing its end.
 * - `"alive"`: otherwise, also before any peer has come.
 */
export type PeerState = "alive" | "closed" | "dead";

/** Watches the peer of an end, or several peers. */
export interface Liveness extends Disposable {
  /** Whether there can be several peers, which must be checked from time to time. */
  readonly isMany: boolean;
  /** Returns the state of the peer, from the memory and from deaths that were noticed. */
  look(): PeerState;
  /** Returns whether the place still has the owner that was watched last. */
  isSame(): boolean;
  /**
   * Watches the process or thread that owns the place now.
   *
   * @returns The owner's handle, to wait for its end; `undefined` if there is no owner that this
   *   end can wait for.
   */
  watch(): bigint | undefined;
  /**
   * Checks whether the owner has ended, at most once every 20 ms. Between two checks a call costs
   * one load, so this can be called once for each message.
   */
  checkNowAndThen(): void;
  /** Notes that the owner has ended that {@linkcode Liveness.watch} returned. */
  noteDeath(): void;
  /**
   * Watches the owner of the place, and waits for its end by a promise.
   *
   * @returns The same as {@linkcode Liveness.watch}.
   */
  awaitDeath(): bigint | undefined;
}

/** Options of {@linkcode PeerLiveness}. */
export interface PeerLivenessOptions {
  /** Is called when the owner ends after {@linkcode Liveness.awaitDeath}. */
  ended: () => void;
  /** The machine that the end runs on. */
  machine: Machine;
}

/** Watches the peer of an end that has only one. */
export class PeerLiveness implements Liveness {
  readonly isMany = false;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #place: Place;
  readonly #ended: () => void;
  #owner = 0n;
  #watch: Owner | undefined;
  #died = false;
  #isAwaited = false;
  readonly #machine: Machine;
  readonly #ticks: ArrayLike<number>;
  #lastCheck = 0;

  constructor(
    { words, owners }: HeaderWords,
    place: Place,
    { ended, machine }: PeerLivenessOptions,
  ) {
    this.#words = words;
    this.#owners = owners;
    this.#place = place;
    this.#ended = ended;
    this.#machine = machine;
    this.#ticks = machine.ticks;
    this.#lastCheck = (this.#ticks[0]! - CHECK_INTERVAL) | 0;
  }

  look(): PeerState {
    if (this.#isClosed()) return "closed";
    return this.#died && this.isSame() ? "dead" : "alive";
  }

  isSame(): boolean {
    return Atomics.load(this.#owners, this.#place.owner) === this.#owner;
  }

  watch(): bigint | undefined {
    if (!this.isSame()) this.#meet(Atomics.load(this.#owners, this.#place.owner));
    return this.#died ? undefined : this.#watch?.unsafeHandle;
  }

  checkNowAndThen(): void {
    const now = this.#ticks[0]!;
    // Both times are modulo 2³².
    if (((now - this.#lastCheck) >>> 0) < CHECK_INTERVAL) return;
    this.#lastCheck = now;
    if (this.watch() !== undefined && this.#watch?.hasEnded) this.#died = true;
  }

  noteDeath(): void {
    this.#died = true;
  }

  awaitDeath(): bigint | undefined {
    const process = this.watch();
    if (process === undefined || this.#isAwaited) return process;
    const watch = this.#watch!;
    this.#isAwaited = true;
    watch.unref();
    watch.wait().then(() => {
      if (watch !== this.#watch) return;
      this.#died = true;
      this.#ended(); // guard: death-wakes
    }, () => {});
    return process;
  }

  [Symbol.dispose](): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #isClosed(): boolean {
    const { state, owner } = this.#place;
    // The plain load costs nothing. The atomic load makes this end see all that the peer wrote
    // before it closed.
    return this.#words[state] === CLOSED && Atomics.load(this.#words, state) === CLOSED &&
      Atomics.load(this.#words, owner * 2) === 0;
  }

  /** Begins to watch a new owner of the place. */
  #meet(owner: bigint): void {
    this[Symbol.dispose]();
    this.#isAwaited = false;
    this.#owner = owner;
    this.#died = false;
    if (owner === 0n || owner === this.#machine.self) return;
    const found = this.#machine.watch(owner);
    if (typeof found === "object") this.#watch = found;
    else this.#died = found === "ended";
  }
}

/**
 * Maximum sleep of a reader without a process to watch, in milliseconds.
 *
 * A writer that comes wakes all readers. If it is killed before that, readers that watch no process
 * do not learn that it has died. With this limit they notice its death within a second.
 */
const MAX_UNWATCHED_SLEEP = 500;

/**
 * Returns the maximum sleep of a reader in milliseconds: at most 500 if it watches no process.
 *
 * @param process The handle of the process that the reader watches.
 * @param left The sleep that the reader asks for, in milliseconds.
 */
export function limitSleep(process: bigint | undefined, left: number): number {
  if (process === undefined) return Math.min(left, MAX_UNWATCHED_SLEEP); // guard: unwatched-sleep
  return left;
}

/**
 * How an end learns that its peer has left or died.
 *
 * @module
 */

import { UNITS_PER_MILLISECOND } from "../../../ffi/platform.ts";
import type { Machine, Owner } from "./machine.ts";
import { CLOSED, type HeaderWords, type Place } from "./place.ts";

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

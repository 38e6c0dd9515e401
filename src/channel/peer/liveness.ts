/**
 * What an end knows of its peer: the process or Worker at the other end.
 *
 * @module
 */

import { UNITS_PER_MILLISECOND } from "../../../ffi/platform.ts";
import type { Machine, Owner } from "./machine.ts";
import { CLOSED, type HeaderWords, type Place } from "./place.ts";

/** The least time between two checks by an end that does not wait: 20 ms. */
const CHECK_INTERVAL = 20 * UNITS_PER_MILLISECOND;

/**
 * The state of a peer: `"closed"` if it was there and has closed its end, `"dead"` if it is known to
 * have ended without closing it. Otherwise, also before any peer has come, it is `"alive"`.
 */
export type PeerState = "alive" | "closed" | "dead";

/** Notices that a peer leaves or dies. */
export interface Liveness extends Disposable {
  /** Whether there may be several peers, which have to be checked from time to time. */
  readonly isMany: boolean;
  /** Looks at what the memory says of the peer, and at what is known of its process. */
  look(): PeerState;
  /** Whether the place has the owner that was watched last. */
  isSame(): boolean;
  /**
   * Watches whoever has the place now.
   *
   * @returns The handle of its process; `undefined` if there is none that can be waited for.
   */
  watch(): bigint | undefined;
  /**
   * Checks whether the owner is still there, unless that was done lately. Finding out how long ago it
   * was takes a load, so this can be called for each message that is published by itself.
   */
  checkNowAndThen(): void;
  /** Takes note that the process whose handle {@linkcode Liveness.watch} gave has ended. */
  noteDeath(): void;
  /**
   * Watches whoever has the place now, and waits for its end while the script does other things.
   *
   * @returns What {@linkcode Liveness.watch} returns.
   */
  awaitDeath(): bigint | undefined;
}

/** How a peer is watched. */
export interface PeerLivenessOptions {
  /** Is called when the peer's process has ended while that is awaited. */
  ended: () => void;
  /** The machine that the end runs on. */
  machine: Machine;
}

/** The peer, where there is one. */
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

  /**
   * Looks at a place.
   */
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
    // Both are modulo 2³².
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
    // The first load costs nothing, and the second one sees all that came before the end was closed.
    return this.#words[state] === CLOSED && Atomics.load(this.#words, state) === CLOSED &&
      Atomics.load(this.#words, owner * 2) === 0;
  }

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
 * Longest sleep without a process to watch, in milliseconds.
 *
 * A writer that comes wakes all readers. If it is killed before that, readers that watch nobody would
 * not learn that it was there and has died. With this they notice its end within a second.
 */
const MAX_UNWATCHED_SLEEP = 500;

/**
 * Limits a reader's sleep if it watches nobody.
 *
 * @param process The process that it watches.
 * @param left The longest that it wants to sleep, in milliseconds.
 */
export function limitSleep(process: bigint | undefined, left: number): number {
  if (process === undefined) return Math.min(left, MAX_UNWATCHED_SLEEP); // guard: unwatched-sleep
  return left;
}

/**
 * What one end of a ring knows of the other one.
 *
 * How long a reader may sleep that has no writer's process to watch.
 *
 * A writer that comes wakes all readers. If it is killed before that, readers that watch nobody would not
 * learn that it was there and has died. So they look from time to time.
 *
 * @module
 */

import { interruptTime, UNITS_PER_MILLISECOND } from "../../../ffi/platform.ts";
import { selfAsOwner } from "./place.ts";
import { OwnerWatch } from "./owner_watch.ts";
import { CLOSED, HEADER_LENGTH, type Place } from "../ring/layout.ts";

/** How often an end that does not wait asks whether the other end's owner is there: each 20 ms. */
const LOOK_INTERVAL = 20 * UNITS_PER_MILLISECOND;

/** The other side of a ring: whether anybody is there, was closed, or their process has ended. */
export interface Liveness extends Disposable {
  /** Whether it has several ends, which have to be asked for from time to time. */
  readonly isMany: boolean;
  /** Whether it was there and was closed. */
  readonly isClosed: boolean;
  /** Whether its process is known to have ended without closing it, and no other has come. */
  readonly hasDied: boolean;
  /** Whether it is not there any more. */
  readonly isGone: boolean;
  /** Whether its place has the owner that was last looked at. */
  isSame(): boolean;
  /**
   * Sees who has the place now.
   *
   * @returns The handle of its process; `undefined` if there is none that can be waited for.
   */
  look(): bigint | undefined;
  /**
   * Sees whether the owner is still there, if that has not been asked lately. How late it is, a load
   * tells, so this can be called for each message that is published by itself.
   */
  lookNowAndThen(): void;
  /** Takes note that the process whose handle {@linkcode Liveness.look} gave has ended. */
  noteDeath(): void;
  /** Has the process's end be told while the script does other things. */
  awaitDeath(): void;
}

/** The other end of a ring, where there is one of it. */
export class PeerLiveness implements Liveness {
  readonly isMany = false;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #place: Place;
  readonly #ended: () => void;
  #owner = 0n;
  #watch: OwnerWatch | undefined;
  #died = false;
  #isAwaited = false;
  readonly #time: Readonly<Int32Array<ArrayBuffer>>;
  #lastLook = 0;

  /**
   * Looks at a place.
   *
   * @param buffer The ring's memory.
   * @param place The other end's place.
   * @param ended Is called when its process has ended while that is awaited.
   */
  constructor(buffer: ArrayBuffer, place: Place, ended: () => void) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#place = place;
    this.#ended = ended;
    this.#time = interruptTime();
    this.#lastLook = (this.#time[0]! - LOOK_INTERVAL) | 0;
  }

  get isClosed(): boolean {
    const { state, owner } = this.#place;
    // The first look costs nothing, and the second one sees all that came before it was closed.
    return this.#header[state] === CLOSED && Atomics.load(this.#header, state) === CLOSED &&
      Atomics.load(this.#header, owner * 2) === 0;
  }

  get hasDied(): boolean {
    return this.#died && this.isSame();
  }

  get isGone(): boolean {
    return this.isClosed || this.hasDied;
  }

  isSame(): boolean {
    return Atomics.load(this.#owners, this.#place.owner) === this.#owner;
  }

  look(): bigint | undefined {
    if (!this.isSame()) this.#meet(Atomics.load(this.#owners, this.#place.owner));
    return this.#died ? undefined : this.#watch?.unsafeHandle;
  }

  lookNowAndThen(): void {
    const now = this.#time[0]!;
    // Both are modulo 2³².
    if (((now - this.#lastLook) >>> 0) < LOOK_INTERVAL) return;
    this.#lastLook = now;
    if (this.look() !== undefined && this.#watch?.hasEnded) this.#died = true;
  }

  noteDeath(): void {
    this.#died = true;
  }

  awaitDeath(): void {
    if (this.look() === undefined || this.#isAwaited) return;
    const watch = this.#watch!;
    this.#isAwaited = true;
    watch.unref();
    watch.wait().then(() => {
      if (watch !== this.#watch) return;
      this.#died = true;
      this.#ended();
    }, () => {});
  }

  [Symbol.dispose](): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #meet(owner: bigint): void {
    this[Symbol.dispose]();
    this.#isAwaited = false;
    this.#owner = owner;
    this.#died = false;
    if (owner === 0n || owner === selfAsOwner()) return;
    const found = OwnerWatch.open(owner);
    if (found instanceof OwnerWatch) this.#watch = found;
    else this.#died = found === "ended";
  }
}

/** The longest sleep without a process to watch, in milliseconds: a writer's end is noticed within a second. */
const MAX_UNWATCHED_SLEEP = 500;

/**
 * Gives the longest that a reader may sleep now.
 *
 * @param left The longest that the reader wants to sleep, in milliseconds.
 * @returns `left`, or less if there is no process that can be watched.
 */
export function limitSleep(writer: Liveness, left: number): number {
  return writer.look() === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;
}

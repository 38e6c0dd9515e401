/**
 * What the receiver of a ring of many senders knows of them.
 *
 * @module
 */

import type { Liveness } from "../../peer/liveness.ts";
import { selfAsOwner } from "../../peer/place.ts";
import { OwnerWatch } from "../../peer/owner_watch.ts";
import { CLOSED, HEADER_LENGTH, type RingSettings, SENDERS, WORD } from "../layout.ts";

/** How often one asks whether the senders' processes are there, in milliseconds. */
const LOOK_INTERVAL = 20;

/**
 * The senders: whether any is there, and whether all have closed their ends.
 *
 * They come and go while the receiver sleeps, and there can be more of them than Windows can wait
 * for at once. So their ends are asked for from time to time.
 */
export class SendersLiveness implements Liveness {
  readonly isMany = true;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #endsWithLast: boolean;
  /** The processes of the senders that can be watched. */
  readonly #watches = new Map<bigint, OwnerWatch>();
  /** The count of changes at the last look. */
  #changes: number | undefined;
  #gone = false;
  /** Whether a sender has died since there was none. */
  #lost = false;
  #lastLook = -Infinity;

  /**
   * @param settings What its header said when it was checked.
   */
  constructor(buffer: ArrayBuffer, { endsWithLastSender }: RingSettings) {
    this.#endsWithLast = endsWithLastSender;
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
  }

  get isClosed(): boolean {
    return this.isGone && !this.#lost;
  }

  get hasDied(): boolean {
    return this.isGone && this.#lost;
  }

  get isGone(): boolean {
    if (Atomics.load(this.#header, WORD.changes) !== this.#changes) this.#count();
    return this.#gone;
  }

  /** What is committed is told at once: there is nothing to take in of one that has died. */
  isSame(): boolean {
    return false;
  }

  look(): undefined {}

  lookNowAndThen(): void {
    const now = performance.now();
    if (now - this.#lastLook < LOOK_INTERVAL) return;
    this.#lastLook = now;
    const present = new Set<bigint>();
    for (const { owner: index } of SENDERS) {
      const owner = Atomics.load(this.#owners, index);
      if (owner === 0n) continue;
      if (this.#isThere(owner)) {
        present.add(owner);
      } else if (Atomics.compareExchange(this.#owners, index, owner, 0n) === owner) {
        this.#lost = true;
      }
    }
    for (const owner of this.#watches.keys()) if (!present.has(owner)) this.#forget(owner);
    // One that was ended has told nobody that it has left.
    this.#count();
  }

  noteDeath(): void {}

  awaitDeath(): void {}

  [Symbol.dispose](): void {
    for (const owner of this.#watches.keys()) this.#forget(owner);
  }

  #count(): void {
    this.#changes = Atomics.load(this.#header, WORD.changes);
    const wereGone = this.#gone;
    const isAny = SENDERS.some(({ owner }) => Atomics.load(this.#owners, owner) !== 0n);
    const wereAny = this.#lost || SENDERS.some(({ state }) => this.#header[state] === CLOSED);
    this.#gone = !isAny && wereAny && this.#endsWithLast;
    // These are others than those that have died.
    if (wereGone && isAny) this.#lost = false;
  }

  #isThere(owner: bigint): boolean {
    if (owner === selfAsOwner()) return true;
    const known = this.#watches.get(owner);
    if (known !== undefined) return !known.hasEnded;
    const found = OwnerWatch.open(owner);
    if (found instanceof OwnerWatch) this.#watches.set(owner, found);
    return found !== "ended";
  }

  #forget(owner: bigint): void {
    this.#watches.get(owner)?.close();
    this.#watches.delete(owner);
  }
}

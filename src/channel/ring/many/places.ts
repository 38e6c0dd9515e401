/**
 * The senders of a ring of many: their places, and what the receiver knows of them.
 *
 * @module
 */

import { labelOf } from "../../peer/memory.ts";
import type { Machine, Owner } from "../../peer/machine.ts";
import {
  CLOSED,
  type HeaderWords,
  leavePlace,
  takePlace,
  type TakePlaceOptions,
} from "../../peer/place.ts";
import { type Producers, type RingSettings, SENDER, SENDERS, WORD } from "../layout.ts";
import type { Liveness, PeerState } from "../../peer/liveness.ts";

/** A place that was taken. */
export interface SenderPlace {
  /** Which one. */
  readonly index: number;
  /** Leaves it, and says that this is on purpose. */
  leave(): void;
}

/** How a sender's place is taken. */
export interface SenderPlaceOptions {
  /** How many senders there can be. */
  producers: Producers;
  /** The machine that the sender runs on. */
  machine: Machine;
}

/**
 * Takes one of the senders' places.
 *
 * @throws {Deno.errors.Busy} If all are taken.
 */
export function takeSenderPlace(
  header: HeaderWords,
  { producers, machine }: SenderPlaceOptions,
): SenderPlace {
  const options = { who: "sender", machine };
  if (producers === "single") {
    takePlace(header, SENDER, options);
    return { index: 0, leave: () => leavePlace(header, SENDER, options) };
  }
  const index = takeAny(header, options);
  countChange(header);
  return {
    index,
    leave: () => {
      leavePlace(header, SENDERS[index]!, options);
      countChange(header);
    },
  };
}

/** Has the receiver look who is there. */
function countChange({ words }: HeaderWords): void {
  Atomics.add(words, WORD.changes, 1);
}

function takeAny(header: HeaderWords, options: TakePlaceOptions): number {
  for (const [index, place] of SENDERS.entries()) {
    try {
      takePlace(header, place, options);
      return index;
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
    }
  }
  throw new Deno.errors.Busy(
    `The ${labelOf(header.words.buffer)} has ${SENDERS.length} senders already: close one first`,
  );
}

/** The least time between two checks whether the senders' processes are there, in milliseconds. */
const CHECK_INTERVAL = 20;

/**
 * The senders: whether any is there, and whether all have closed their ends.
 *
 * They come and go while the receiver sleeps, and there can be more of them than Windows can wait
 * for at once. So their processes are checked from time to time.
 */
export class SendersLiveness implements Liveness {
  readonly isMany = true;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #endsWithLast: boolean;
  readonly #machine: Machine;
  /** The processes of the senders that can be watched. */
  readonly #watches = new Map<bigint, Owner>();
  /** The count of changes at the last look. */
  #changes: number | undefined;
  #gone = false;
  /** Whether a sender has died since there was none. */
  #lost = false;
  #lastCheck = -Infinity;

  /** Counts nobody yet. */
  constructor(
    { words, owners }: HeaderWords,
    { endsWithLastSender }: RingSettings,
    { machine }: { machine: Machine },
  ) {
    this.#endsWithLast = endsWithLastSender;
    this.#machine = machine;
    this.#words = words;
    this.#owners = owners;
  }

  look(): PeerState {
    if (Atomics.load(this.#words, WORD.changes) !== this.#changes) this.#count();
    if (!this.#gone) return "alive";
    return this.#lost ? "dead" : "closed";
  }

  /** Senders publish what they commit at once: there is nothing to take in of one that has died. */
  isSame(): boolean {
    return false;
  }

  watch(): undefined {}

  checkNowAndThen(): void {
    const now = this.#machine.now();
    if (now - this.#lastCheck < CHECK_INTERVAL) return;
    this.#lastCheck = now;
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
    // A sender that was ended has not counted its own change.
    this.#count(); // guard: senders-gone
  }

  noteDeath(): void {}

  awaitDeath(): undefined {}

  [Symbol.dispose](): void {
    for (const owner of this.#watches.keys()) this.#forget(owner);
  }

  #count(): void {
    this.#changes = Atomics.load(this.#words, WORD.changes);
    const wereGone = this.#gone;
    const isAny = SENDERS.some(({ owner }) => Atomics.load(this.#owners, owner) !== 0n);
    const wereAny = this.#lost || SENDERS.some(({ state }) => this.#words[state] === CLOSED);
    this.#gone = !isAny && wereAny && this.#endsWithLast;
    // These are others than those that have died.
    if (wereGone && isAny) this.#lost = false;
  }

  #isThere(owner: bigint): boolean {
    if (owner === this.#machine.self) return true;
    const known = this.#watches.get(owner);
    if (known !== undefined) return !known.hasEnded;
    const found = this.#machine.watch(owner);
    if (typeof found === "object") this.#watches.set(owner, found);
    return found !== "ended";
  }

  #forget(owner: bigint): void {
    this.#watches.get(owner)?.close();
    this.#watches.delete(owner);
  }
}

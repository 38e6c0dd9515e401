/**
 * The senders of a channel: their places, and how the receiver learns that they have left.
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

/** A sender's place that this process has taken. */
export interface SenderPlace {
  /** The index of the place in the header, from 0 to 63. */
  readonly index: number;
  /** Leaves the place, and marks it as closed. */
  leave(): void;
}

/** The options of {@linkcode takeSenderPlace}. */
export interface SenderPlaceOptions {
  /** The number of senders that the channel can have at a time. */
  producers: Producers;
  /** The machine that the sender runs on. */
  machine: Machine;
}

/**
 * Takes a free sender's place.
 *
 * @throws {Deno.errors.Busy} If no place is free.
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

/** Counts a sender that has come or left, so that the receiver checks the places again. */
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

/** Minimum time between two checks of the senders' processes in milliseconds, to limit the cost. */
const CHECK_INTERVAL = 20;

/**
 * Finds out for the receiver whether the senders of a channel are alive, closed or dead.
 *
 * Senders come and leave while the receiver sleeps. There can be more of them than Windows can wait
 * for at once. So the receiver checks their processes at intervals.
 */
export class SendersLiveness implements Liveness {
  readonly isMany = true;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #endsWithLast: boolean;
  readonly #machine: Machine;
  /** The open handles of the senders' processes or threads, by owner. */
  readonly #watches = new Map<bigint, Owner>();
  /** The header's count of changes at the last look. */
  #changes: number | undefined;
  #gone = false;
  /** Whether a sender has died since the channel last had no sender. */
  #lost = false;
  #lastCheck = -Infinity;

  /** Stores the options. The first {@linkcode look} counts the senders. */
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

  /**
   * Always `false`: senders publish each message at once, so a dead sender has no pending messages.
   */
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
    // A killed sender has not counted its own change.
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
    // These senders came after the senders that have died.
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

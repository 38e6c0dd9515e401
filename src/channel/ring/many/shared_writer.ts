/**
 * The senders of a channel that can have many: their places, and the writer that they share.
 *
 * One sender writes at a time: the holder of the producer lock.
 *
 * A sender holds the lock for at most 0.1 microseconds per message, or while a message is claimed.
 * (A whole `sendSync` of 64 bytes took 93 ns.) So a process that sends 1000 messages a second holds
 * the lock in 1 of 10,000 suspensions.
 *
 * If the holder's process ends, another sender takes the lock over. Nothing of the unfinished
 * message is in the ring then. If the process is suspended, no other sender takes the lock, because
 * a suspended process looks like a slow one. Until the process goes on, other senders wait, and
 * their sends fail with `TimedOut` at their timeout.
 *
 * Agrona's ring lets each sender claim its room by one compare-and-swap, so that other senders can
 * continue. But the receiver then stops at the unfinished record, and a full ring stops all
 * senders. If the sender has died, the receiver must skip the record. Such a ring gains only the
 * use of its remaining room. In return, a dead sender would leave an unfinished record.
 *
 * @see {@link https://github.com/real-logic/agrona}
 * @module
 */

import { labelOf } from "../../peer/memory.ts";
import type { Machine, Owner } from "../../peer/machine.ts";
import {
  CLOSED,
  describeOwner,
  hasEnded,
  type HeaderWords,
  leavePlace,
  type Liveness,
  type PeerState,
  takePlace,
  type TakePlaceOptions,
} from "../../peer/place.ts";
import {
  headerWordsOf,
  type Producers,
  type RingSettings,
  SENDER,
  SENDERS,
  WORD,
} from "../layout.ts";
import { FULL, LOCKED, RingWriter, type Writer } from "../writer.ts";

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

/** The bits of the lock's word that name the holder: the number of its place, from 1, or 0. */
const WHO = 0x7f;
/** Added to the lock's word at each change; the upper bits count the changes. */
const ONE_CHANGE = WHO + 1;
/** Maximum looks at a lock that another sender has; a message takes less than a microsecond. */
const MAX_LOOKS = 256;

/** The sender that uses the lock. */
export interface ProducerLockOptions {
  /** The index of the sender's place in the header, from 0 to 63. */
  index: number;
  /** The machine that the sender runs on. */
  machine: Machine;
}

/**
 * The producer lock, as one sender uses it. The sender holds it from the claim of a message to its
 * commit. So an uncommitted message is never in the ring.
 *
 * The lock's word has a new value each time a sender takes the lock. So only one sender can take
 * over the lock of a process that has ended. A later owner of that process's place can take the
 * lock, too. The word is then different, so that lock is safe.
 */
export class ProducerLock {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #number: number;
  readonly #machine: Machine;
  readonly #looks: number;
  /** The lock's word since this sender took the lock last. */
  #taken = 0;
  #lastCheck = -Infinity;
  /** The lock's word if its holder's process has ended, so that it is checked only once. */
  #over: number | undefined;

  /** Releases the lock if the last owner of this place ended while it had the lock. */
  constructor({ words, owners }: HeaderWords, { index, machine }: ProducerLockOptions) {
    this.#words = words;
    this.#owners = owners;
    this.#number = index + 1;
    this.#machine = machine;
    // On one processor, the holder cannot release the lock while this thread looks.
    this.#looks = machine.processors > 1 ? MAX_LOOKS : 1;
    const word = Atomics.load(this.#words, WORD.producerLock);
    if ((word & WHO) === this.#number) this.#change(word, 0);
  }

  /** The other sender that has the lock, for errors: `process 1234`; `undefined` if none has it. */
  get holder(): string | undefined {
    const who = Atomics.load(this.#words, WORD.producerLock) & WHO;
    const place = who === this.#number ? undefined : SENDERS[who - 1];
    return place && describeOwner(Atomics.load(this.#owners, place.owner));
  }

  /**
   * Whether the lock seems to be free: no sender has it, or its holder's process has ended.
   */
  check(): boolean {
    const word = Atomics.load(this.#words, WORD.producerLock);
    return (word & WHO) === 0 || this.#checkOver(word);
  }

  /**
   * Tries to take the lock, up to 256 times while another sender has it.
   *
   * @returns Whether this sender has the lock now.
   */
  take(): boolean {
    for (let look = 0; look < this.#looks; look++) {
      const word = Atomics.load(this.#words, WORD.producerLock);
      if ((word & WHO) === 0 && this.#change(word, this.#number)) return true;
      Atomics.pause();
    }
    const word = Atomics.load(this.#words, WORD.producerLock);
    if ((word & WHO) !== 0 && !this.#checkOver(word)) return false; // guard: lock-held
    return this.#change(word, this.#number);
  }

  /** Releases the lock. */
  give(): void {
    this.#change(this.#taken, 0);
  }

  #change(from: number, who: number): boolean {
    const to = (from & ~WHO) + ONE_CHANGE | who;
    if (Atomics.compareExchange(this.#words, WORD.producerLock, from, to) !== from) return false;
    this.#taken = to;
    return true;
  }

  /** Whether the holder's process has ended. Asks the system at most once per interval. */
  #checkOver(word: number): boolean {
    if (word === this.#over) return true;
    const place = SENDERS[(word & WHO) - 1];
    // No place has this number: a foreign program has written here.
    if (place === undefined) return true;
    const now = this.#machine.now();
    if (now - this.#lastCheck < CHECK_INTERVAL) return false;
    this.#lastCheck = now;
    const owner = Atomics.load(this.#owners, place.owner);
    if (hasEnded(owner, this.#machine)) this.#over = word; // guard: lock-of-dead
    return word === this.#over;
  }
}

/**
 * Writes messages into a ring, for one of many senders. It holds the producer lock from claim to
 * commit, and publishes each message at once. So a sender that dies before a commit changes
 * nothing.
 */
export class SharedWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  readonly #writer: RingWriter;
  readonly #lock: ProducerLock;

  /** @param settings The checked settings from the header. */
  constructor(buffer: ArrayBuffer, settings: RingSettings, options: ProducerLockOptions) {
    this.#lock = new ProducerLock(headerWordsOf(buffer), options);
    this.#writer = new RingWriter(buffer, settings);
    this.ring = this.#writer.ring;
    this.maxMessageLength = this.#writer.maxMessageLength;
  }

  get claimed(): number {
    return this.#writer.claimed;
  }

  get count(): number {
    return this.#writer.count;
  }

  get holder(): string | undefined {
    return this.#lock.holder;
  }

  /** Always returns {@linkcode FULL}: without the lock, no room is known. */
  claimNear(): number {
    return FULL;
  }

  claim(length: number): number {
    if (!this.#lock.take()) return LOCKED;
    let offset = FULL;
    try {
      this.#writer.refresh();
      offset = this.#writer.claim(length);
    } finally {
      if (offset < 0) this.#lock.give();
    }
    return offset;
  }

  shorten(length: number): void {
    this.#writer.shorten(length);
  }

  commit(): number {
    const due = this.#writer.commit(true);
    this.#lock.give();
    return due;
  }

  abort(): void {
    this.#writer.abort();
    this.#lock.give();
  }

  /** Always returns {@linkcode FULL}: without the lock, no room is known. */
  writeNear(): number {
    return FULL;
  }

  write(bytes: Uint8Array): number {
    try {
      return this.#writer.write(bytes, true);
    } finally {
      this.#lock.give();
    }
  }

  findRoom(length: number): boolean {
    return this.#lock.check() && this.#writer.seemsToHaveRoom(length);
  }

  /** Does nothing: each message is published when it is committed. */
  publish(): boolean {
    return false;
  }
}

/**
 * Writes messages into a ring with many senders. One sender writes at a time: the holder of the
 * producer lock.
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
 *
 * @module
 */

import type { Machine } from "../../peer/machine.ts";
import { hasEnded, type HeaderWords } from "../../peer/place.ts";
import { describeOwner } from "../../peer/owner.ts";
import { headerWordsOf, type RingSettings, SENDERS, WORD } from "../layout.ts";
import { FULL, LOCKED, RingWriter, type Writer } from "../writer.ts";

/** The bits of the lock's word that name the holder: the number of its place, from 1, or 0. */
const WHO = 0x7f;
/** Added to the lock's word at each change; the upper bits count the changes. */
const ONE_CHANGE = WHO + 1;
/** Maximum looks at a lock that another sender has; a message takes less than a microsecond. */
const MAX_LOOKS = 256;
/** Minimum time between two checks of the holder's process in milliseconds, to limit the cost. */
const CHECK_INTERVAL = 20;

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

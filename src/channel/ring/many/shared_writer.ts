/**
 * Writes messages into a ring of many senders, one sender at a time: the one that has the producer lock.
 *
 * A sender has the producer lock for at most 0.1 microseconds a message (all of a `sendSync` of 64 bytes took
 * 93 ns), or for as long as a message is claimed. So of a sender that sends 1000 messages a second, one
 * suspension in 10,000 falls into that time. The lock of a sender that has ended is over: nothing of its
 * message is in the ring. The lock of one that is suspended is not, for nobody can tell a suspended process
 * from a slow one: until it goes on, the others' sends fail with `TimedOut` when their time is over.
 *
 * A ring in which each sender claims its room by one compare-and-swap, as Agrona's has it, lets the
 * others write on. But the receiver then stops at the record that is not complete, a full ring stops
 * everybody all the same, and such a record has to be skipped when its sender has died. That gains
 * only the rest of the ring, and costs that a dead sender changes nothing.
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

/** The part of the word that says who has the lock. */
const WHO = 0x7f;
/** One more change, in the part that counts them. */
const ONE_CHANGE = WHO + 1;
/** Maximum looks while another sender has the lock: it needs less than a microsecond. */
const LOOKS = 256;
/** The least time between two checks whether the holder's process has ended, in milliseconds. */
const CHECK_INTERVAL = 20;

/** Whose lock it is. */
export interface ProducerLockOptions {
  /** Which of the senders' places is this one's. */
  index: number;
  /** The machine that the sender runs on. */
  machine: Machine;
}

/**
 * One sender's use of the producer lock: from before a message is claimed until it is committed, so
 * that what is not committed is not in the ring.
 *
 * The word is another one each time the lock is taken. So the lock of a process that has ended goes to
 * one other sender, and is never taken from a later sender that has got the dead one's place.
 */
export class ProducerLock {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #number: number;
  readonly #machine: Machine;
  readonly #looks: number;
  /** The word as this sender left it when it took the lock last. */
  #taken = 0;
  #lastCheck = -Infinity;
  /** The word of a process that has ended while it had the lock. */
  #over: number | undefined;

  /** Gives the lock back if the place's last owner has ended with it. */
  constructor({ words, owners }: HeaderWords, { index, machine }: ProducerLockOptions) {
    this.#words = words;
    this.#owners = owners;
    this.#number = index + 1;
    this.#machine = machine;
    // With one processor, nobody gives the lock back meanwhile.
    this.#looks = machine.processors > 1 ? LOOKS : 1;
    const word = Atomics.load(this.#words, WORD.producerLock);
    if ((word & WHO) === this.#number) this.#change(word, 0);
  }

  /** The other sender that has the lock, for messages: `process 1234`; `undefined` if none has it. */
  get holder(): string | undefined {
    const who = Atomics.load(this.#words, WORD.producerLock) & WHO;
    const place = who === this.#number ? undefined : SENDERS[who - 1];
    return place && describeOwner(Atomics.load(this.#owners, place.owner));
  }

  /**
   * Checks whether the lock could be taken: nobody has it, or its holder's process has ended.
   */
  check(): boolean {
    const word = Atomics.load(this.#words, WORD.producerLock);
    return (word & WHO) === 0 || this.#checkOver(word);
  }

  /**
   * Tries to take the lock, up to 256 times while another sender has it.
   *
   * @returns Whether this sender has it now.
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

  /** Gives the lock back. */
  give(): void {
    this.#change(this.#taken, 0);
  }

  #change(from: number, who: number): boolean {
    const to = (from & ~WHO) + ONE_CHANGE | who;
    if (Atomics.compareExchange(this.#words, WORD.producerLock, from, to) !== from) return false;
    this.#taken = to;
    return true;
  }

  /** Checks whether the holder's process has ended, unless that was done lately. */
  #checkOver(word: number): boolean {
    if (word === this.#over) return true;
    const place = SENDERS[(word & WHO) - 1];
    // Nobody can have such a place: somebody else has written there.
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
 * Writes messages into a ring, for one of many senders. A sender has the producer lock from claim to
 * commit, and publishes each message at once. So a sender that dies before it has committed has changed
 * nothing.
 */
export class SharedWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  readonly #writer: RingWriter;
  readonly #lock: ProducerLock;

  /** @param settings What the header said when it was checked. */
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

  /** Claims nothing: without the lock, no room is known. */
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

  /** Writes nothing: without the lock, no room is known. */
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

  /** Publishes nothing: each message is published when it is committed. */
  publish(): boolean {
    return false;
  }
}

/**
 * Whose turn it is to write into a ring of many senders.
 *
 * One sender at a time has the producer lock, for at most 0.1 microseconds a message (all of a
 * `sendSync` of 64 bytes took 93 ns), or for as long as a message is claimed. So of a sender that
 * sends 1000 messages a second, one suspension in 10,000 falls into that time. The lock of a sender that has ended is over: nothing of its message is in
 * the ring. The lock of one that is suspended is not, for nobody can tell a suspended process from a
 * slow one: until it goes on, the others' sends fail with `TimedOut` when their time is over.
 *
 * A ring in which each sender claims its room by one compare-and-swap, as Agrona's has it, lets the
 * others write on. But the receiver then stops at the record that is not complete, a full ring stops
 * everybody all the same, and such a record has to be skipped when its sender has died. That gains
 * only the rest of the ring, and costs that a dead sender changes nothing.
 *
 * @see {@link https://github.com/real-logic/agrona}
 * @module
 */

import { hasEnded } from "../../peer/place.ts";
import { describeOwner } from "../../peer/owner_word.ts";
import { HEADER_LENGTH, SENDERS, WORD } from "../layout.ts";

/** The part of the word that says who. */
const WHO = 0x7f;
/** One more turn, in the part that counts them. */
const ONE_TURN = WHO + 1;
/** How often one looks whether the turn is over: it takes others less than a microsecond. */
const LOOKS = 256;
/** How often one asks whether the process whose turn it is has ended, in milliseconds. */
const ASK_INTERVAL = 20;

/**
 * One sender's part in taking turns: from before a message is claimed until it is committed, so that
 * what is not committed is not in the ring.
 *
 * Each turn has a word of its own, so that the turn of a process that has ended is taken by one
 * other sender, and never from a later one that has got its place.
 */
export class ProducerLock {
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #owners: BigUint64Array<ArrayBuffer>;
  readonly #number: number;
  /** What the word was when this one took the turn last. */
  #taken = 0;
  #lastAsked = -Infinity;
  /** The turn of a process that has ended. */
  #over: number | undefined;

  /**
   * @param buffer The ring's memory.
   * @param index Which of the senders' places is this one's.
   */
  constructor(buffer: ArrayBuffer, index: number) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#number = index + 1;
    // Whoever had the place before may have ended in the middle of its turn.
    const word = Atomics.load(this.#header, WORD.turn);
    if ((word & WHO) === this.#number) this.#change(word, 0);
  }

  /** Who has the turn, for messages: `process 1234`; `undefined` if nobody else has it. */
  get holder(): string | undefined {
    const who = Atomics.load(this.#header, WORD.turn) & WHO;
    const place = who === this.#number ? undefined : SENDERS[who - 1];
    return place && describeOwner(Atomics.load(this.#owners, place.owner));
  }

  /** Whether it is nobody's turn, or that of a process that has ended. */
  get isFree(): boolean {
    const word = Atomics.load(this.#header, WORD.turn);
    return (word & WHO) === 0 || this.#isOver(word);
  }

  /**
   * Takes the turn, if it is over soon that of another.
   *
   * @returns Whether it is this sender's now.
   */
  take(): boolean {
    for (let look = 0; look < LOOKS; look++) {
      const word = Atomics.load(this.#header, WORD.turn);
      if ((word & WHO) === 0 && this.#change(word, this.#number)) return true;
      Atomics.pause();
    }
    const word = Atomics.load(this.#header, WORD.turn);
    return ((word & WHO) === 0 || this.#isOver(word)) && this.#change(word, this.#number);
  }

  /** Gives the turn to whoever wants it. */
  give(): void {
    this.#change(this.#taken, 0);
  }

  #change(from: number, who: number): boolean {
    const to = (from & ~WHO) + ONE_TURN | who;
    if (Atomics.compareExchange(this.#header, WORD.turn, from, to) !== from) return false;
    this.#taken = to;
    return true;
  }

  /** Whether the process whose turn it is has ended; that is not asked each time. */
  #isOver(word: number): boolean {
    if (word === this.#over) return true;
    const place = SENDERS[(word & WHO) - 1];
    // Nobody can have such a place: somebody else has written there.
    if (place === undefined) return true;
    const now = performance.now();
    if (now - this.#lastAsked < ASK_INTERVAL) return false;
    this.#lastAsked = now;
    if (hasEnded(Atomics.load(this.#owners, place.owner))) this.#over = word;
    return word === this.#over;
  }
}

/**
 * What a listener and the thread of its window tell each other: the memory that they share, and the
 * messages that the thread posts.
 *
 * @module
 */

import type { ParentIdentity } from "../../wait/thread.ts";
import type { IncomingMessage, IncomingNumbers } from "../window/own.ts";

/** How many messages may be waiting for their answers at once, one inside the other. */
export const MAX_NESTED = 16;

/** What is counted, in the order of the memory. */
const COUNTS = ["accepted", "tooLarge", "overflowed", "denied", "failed", "late"] as const;

/** What is counted. */
export type Count = typeof COUNTS[number];

/** What a listener takes. */
export interface Limits {
  /** The most bytes of a message. */
  maxByteLength: number;
  /** The most messages that are not read or handled yet. */
  highWaterMark: number;
}

/** Which answer is being waited for. */
export interface Ticket {
  /** How many others wait around it. */
  depth: number;
  /** Tells it from earlier ones at that depth; never 0. */
  serial: number;
}

// The words: whether to stop, how many messages are in hand, how many of them the script was not
// told of, whether it waits to be told, and whose answer each depth waits for.
const STOP = 0;
const IN_HAND = 1;
const UNTOLD = 2;
const WANTED = 3;
const WAITING = 4;
const WORDS = WAITING + MAX_NESTED;

/** What is asked and answered, counted and bounded. */
export class ListenerState {
  /** The memory, for the other thread. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #answers: BigInt64Array<SharedArrayBuffer>;
  readonly #counts: BigInt64Array<SharedArrayBuffer>;
  #serial = 0;

  /**
   * Lays the state over memory.
   *
   * @param buffer The memory of the other thread's state. @default new memory
   */
  constructor(buffer?: SharedArrayBuffer) {
    const answersAt = Math.ceil(WORDS / 2) * 8;
    const countsAt = answersAt + MAX_NESTED * 8;
    this.buffer = buffer ?? new SharedArrayBuffer(countsAt + COUNTS.length * 8);
    this.#words = new Int32Array(this.buffer, 0, WORDS);
    this.#answers = new BigInt64Array(this.buffer, answersAt, MAX_NESTED);
    this.#counts = new BigInt64Array(this.buffer, countsAt, COUNTS.length);
  }

  /** Tells the window's thread to stop. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  /** Whether the window's thread is to stop. */
  get stopping(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** How many messages were taken in and are not read or handled yet. */
  get inHand(): number {
    return Atomics.load(this.#words, IN_HAND);
  }

  /**
   * Takes a message in hand, or counts why not.
   *
   * @param byteLength How many bytes it has.
   */
  admit(byteLength: number, { maxByteLength, highWaterMark }: Limits): boolean {
    if (byteLength > maxByteLength) {
      this.count("tooLarge");
      return false;
    }
    // The window's thread and the script's own sends both come here: one adds, then looks.
    if (Atomics.add(this.#words, IN_HAND, 1) < highWaterMark) return true;
    this.release();
    this.count("overflowed");
    return false;
  }

  /** Takes one more in hand, whatever the limits: it was admitted before. */
  keep(): void {
    Atomics.add(this.#words, IN_HAND, 1);
  }

  /** A message was read or handled. */
  release(): void {
    Atomics.sub(this.#words, IN_HAND, 1);
  }

  /** The script's side: wants to be told of messages; says whether there are any now. */
  want(): boolean {
    Atomics.store(this.#words, WANTED, 1);
    return Atomics.load(this.#words, UNTOLD) > 0;
  }

  /**
   * The window's side: notes how many messages the script was not told of, and says whether it
   * wants to be told now.
   *
   * Each side writes before it reads, so that one of them always sees the other.
   */
  noteUntold(untold: number): boolean {
    Atomics.store(this.#words, UNTOLD, untold);
    return untold > 0 && Atomics.load(this.#words, WANTED) !== 0;
  }

  /** The window's side: the script is being told of all there are. */
  noteTold(): void {
    Atomics.store(this.#words, WANTED, 0);
    Atomics.store(this.#words, UNTOLD, 0);
  }

  /** The window's side: begins to wait for an answer. */
  ask(depth: number): Ticket {
    this.#serial = (this.#serial % 0x7fff_ffff) + 1;
    Atomics.store(this.#words, WAITING + depth, this.#serial);
    return { depth, serial: this.#serial };
  }

  /** The window's side: whether there is no answer yet. */
  isWaiting({ depth, serial }: Ticket): boolean {
    return Atomics.load(this.#words, WAITING + depth) === serial;
  }

  /** The window's side: waits no more, unless there is an answer after all. */
  giveUp({ depth, serial }: Ticket): boolean {
    return Atomics.compareExchange(this.#words, WAITING + depth, serial, 0) === serial;
  }

  /** The window's side: the answer that came. */
  answerTo({ depth }: Ticket): bigint {
    return this.#answers[depth]!;
  }

  /** The script's side: answers, unless it is not waited for any more. */
  answer({ depth, serial }: Ticket, value: bigint): boolean {
    // Written first, for it is read as soon as the word changes; only one answer is ever given.
    if (!this.isWaiting({ depth, serial })) return false;
    this.#answers[depth] = value;
    return this.giveUp({ depth, serial });
  }

  /** Counts a message. */
  count(what: Count): void {
    Atomics.add(this.#counts, COUNTS.indexOf(what), 1n);
  }

  /** What was counted. */
  get counts(): Record<Count, number> {
    const at = (what: Count) => Number(Atomics.load(this.#counts, COUNTS.indexOf(what)));
    return {
      accepted: at("accepted"),
      tooLarge: at("tooLarge"),
      overflowed: at("overflowed"),
      denied: at("denied"),
      failed: at("failed"),
      late: at("late"),
    };
  }
}

/** What a listener's window is like. */
export interface WindowSettings extends Limits {
  /** The name of the window's class. */
  class: string;
  /** The window's title. */
  title: string;
  /** Who finds the window. */
  visibility: "message-only" | "hidden";
  /** Whether programs with fewer rights may send. */
  acceptLowerIntegrity: boolean;
  /** The answer to a WM_COPYDATA that is to be read. */
  answer: bigint;
  /** Whether the script is asked about each WM_COPYDATA. */
  asks: boolean;
  /** The answers to other messages, by their numbers. */
  answers: Map<number, bigint | "ask">;
  /** Maximum time for an answer of the script, in milliseconds. */
  replyTimeout: number;
}

/** What a listener's thread is started with. */
export interface WindowThreadData extends WindowSettings {
  /** The memory of the listener's state. */
  state: SharedArrayBuffer;
  /** The event that is set when there is an answer. */
  answered: bigint;
  /** The script's own thread: the window is closed when it ends. */
  parent: ParentIdentity;
}

/** What the thread tells the script. */
export type WindowThreadNews =
  | { news: "opened"; handle: bigint }
  | { news: "not opened"; api: string; code: number }
  | { news: "messages"; messages: IncomingMessage[] }
  | { news: "question"; message: IncomingMessage; ticket: Ticket }
  | { news: "numbers"; ticket: Ticket } & IncomingNumbers
  | { news: "late"; ticket: Ticket };

/**
 * The memory that a listener and its window's thread share, and the messages that the thread posts
 * to the script.
 *
 * @module
 */

import type { ParentIdentity } from "../../wait/thread.ts";
import type { IncomingMessage, IncomingNumbers } from "../window/procedure.ts";

/**
 * Maximum number of messages that wait for the script's answers at the same time: each of them is a
 * nested call on the stack of the window's thread.
 */
export const MAX_NESTED = 16;

/** The names of the counters, in the order in which they are in memory. */
const COUNTS = ["accepted", "tooLarge", "overflowed", "denied", "failed", "late"] as const;

/** The name of a counter. */
export type Count = typeof COUNTS[number];

/** Limits of the messages that a listener takes. */
export interface Limits {
  /** Maximum size of a message in bytes. */
  maxByteLength: number;
  /** Maximum number of messages that are not read or handled yet. */
  highWaterMark: number;
}

/** Identifies a question to the script. */
export interface Ticket {
  /** The number of questions that are open around this one. */
  depth: number;
  /** The question's number, never 0. Earlier questions of the same depth have other numbers. */
  serial: number;
}

// The 32-bit words of the memory:
// STOP is not 0 when the window's thread must stop.
// IN_HAND is the number of messages that were taken and are not read or handled yet.
// UNTOLD is the number of these messages that were not posted to the script.
// WANTED is not 0 when the script waits for messages.
// WAITING, for each depth, is the serial number of the open question, or 0.
const STOP = 0;
const IN_HAND = 1;
const UNTOLD = 2;
const WANTED = 3;
const WAITING = 4;
const WORDS = WAITING + MAX_NESTED;

/**
 * The state that a listener and its window's thread share: questions, answers, limits and counters.
 */
export class ListenerState {
  /** The shared memory. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #answers: BigInt64Array<SharedArrayBuffer>;
  readonly #counts: BigInt64Array<SharedArrayBuffer>;
  #serial = 0;

  /**
   * Creates the state in new memory, or attaches it to the memory of the other thread.
   *
   * @param buffer The `buffer` of the other thread's state. @default new memory
   */
  constructor(buffer?: SharedArrayBuffer) {
    const answersAt = Math.ceil(WORDS / 2) * 8;
    const countsAt = answersAt + MAX_NESTED * 8;
    this.buffer = buffer ?? new SharedArrayBuffer(countsAt + COUNTS.length * 8);
    this.#words = new Int32Array(this.buffer, 0, WORDS);
    this.#answers = new BigInt64Array(this.buffer, answersAt, MAX_NESTED);
    this.#counts = new BigInt64Array(this.buffer, countsAt, COUNTS.length);
  }

  /** Asks the window's thread to stop. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  /** Whether the window's thread must stop. */
  get stopping(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** The number of messages that were taken and are not read or handled yet. */
  get inHand(): number {
    return Atomics.load(this.#words, IN_HAND);
  }

  /**
   * Admits a message if the limits allow it. Otherwise counts the reason and returns `false`.
   *
   * @param byteLength The message's size in bytes.
   */
  admit(byteLength: number, { maxByteLength, highWaterMark }: Limits): boolean {
    if (byteLength > maxByteLength) {
      this.count("tooLarge");
      return false;
    }
    // The window's thread and the script's own sends run this at the same time: add, then compare.
    if (Atomics.add(this.#words, IN_HAND, 1) < highWaterMark) return true;
    this.release();
    this.count("overflowed");
    return false;
  }

  /** Admits a message without checking the limits, because it was admitted before. */
  keep(): void {
    Atomics.add(this.#words, IN_HAND, 1);
  }

  /** Notes that a message was read or handled. */
  release(): void {
    Atomics.sub(this.#words, IN_HAND, 1);
  }

  /** Script: asks for messages. Returns whether the window's thread has any now. */
  want(): boolean {
    Atomics.store(this.#words, WANTED, 1);
    return Atomics.load(this.#words, UNTOLD) > 0;
  }

  /**
   * Window's thread: notes the number of messages that were not posted to the script. Returns
   * whether the script waits for them now.
   *
   * The script and the window's thread each write their own word before they read the other word.
   * So at least one of them sees that there are messages and that the script waits.
   */
  noteUntold(untold: number): boolean {
    Atomics.store(this.#words, UNTOLD, untold);
    return untold > 0 && Atomics.load(this.#words, WANTED) !== 0;
  }

  /** Window's thread: notes that all its messages are now posted to the script. */
  noteTold(): void {
    Atomics.store(this.#words, WANTED, 0);
    Atomics.store(this.#words, UNTOLD, 0);
  }

  /** Window's thread: opens a question, and returns its ticket. */
  ask(depth: number): Ticket {
    this.#serial = (this.#serial % 0x7fff_ffff) + 1;
    Atomics.store(this.#words, WAITING + depth, this.#serial);
    return { depth, serial: this.#serial };
  }

  /** Whether a question is still open. */
  isWaiting({ depth, serial }: Ticket): boolean {
    return Atomics.load(this.#words, WAITING + depth) === serial;
  }

  /** Closes a question. Returns `false` if it was closed before. */
  giveUp({ depth, serial }: Ticket): boolean {
    return Atomics.compareExchange(this.#words, WAITING + depth, serial, 0) === serial;
  }

  /** Window's thread: returns the answer to a question that the script has answered. */
  answerTo({ depth }: Ticket): bigint {
    return this.#answers[depth]!;
  }

  /** Script: answers a question. Returns `false` if the question is not open any more. */
  answer({ depth, serial }: Ticket, value: bigint): boolean {
    // The window's thread reads the answer as soon as the question is closed, so store it first.
    // Only one answer to a question is ever stored.
    if (!this.isWaiting({ depth, serial })) return false;
    this.#answers[depth] = value;
    return this.giveUp({ depth, serial });
  }

  /** Adds 1 to a counter. */
  count(what: Count): void {
    Atomics.add(this.#counts, COUNTS.indexOf(what), 1n);
  }

  /** The values of all counters. */
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

/** Settings of a listener's window. */
export interface WindowSettings extends Limits {
  /** The name of the window's class. */
  class: string;
  /** The window's title. */
  title: string;
  /** Whether the window is message-only, or top-level and not shown. */
  visibility: "message-only" | "hidden";
  /** Whether programs with fewer rights can send to the window. */
  acceptLowerIntegrity: boolean;
  /** The answer to each WM_COPYDATA that the script reads without `onMessage`. */
  answer: bigint;
  /** Whether a handler of the script decides about each WM_COPYDATA. */
  asks: boolean;
  /**
   * The answers to other messages, by their numbers; `"ask"` if a handler of the script answers.
   */
  answers: Map<number, bigint | "ask">;
  /** Maximum time for an answer of the script, in milliseconds. */
  replyTimeout: number;
}

/** The data with which the thread of a listener's window starts. */
export interface WindowThreadData extends WindowSettings {
  /** The memory of the listener's {@linkcode ListenerState}. */
  state: SharedArrayBuffer;
  /** The handle of the event that the script sets after each answer. */
  answered: bigint;
  /** The script's thread. The window is closed when this thread ends. */
  parent: ParentIdentity;
}

/** A message from the window's thread to the script. */
export type WindowThreadNews =
  | { news: "opened"; handle: bigint }
  | { news: "not opened"; api: string; code: number }
  | { news: "messages"; messages: IncomingMessage[] }
  | { news: "question"; message: IncomingMessage; ticket: Ticket }
  | { news: "numbers"; ticket: Ticket } & IncomingNumbers
  | { news: "late"; ticket: Ticket };

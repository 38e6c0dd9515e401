/**
 * The memory through which a script and one of its wait threads exchange waits and outcomes.
 *
 * Each wait has a slot with a state. Before the thread has begun a wait, the script can cancel the
 * wait at once. After that, only the thread can end the wait, because only the thread knows whether
 * it got the objects.
 *
 * | state      | set by | meaning                                                          |
 * | ---------- | ------ | ---------------------------------------------------------------- |
 * | free       | script | the slot has no wait                                             |
 * | wanted     | script | the thread must begin the wait                                   |
 * | hurried    | script | the time was over before the wait began: the thread checks once  |
 * | taken      | thread | the wait has begun                                               |
 * | cancelling | script | the thread must stop the wait, unless the objects are taken      |
 * | satisfied  | thread | the objects were signalled and, where possible, taken            |
 * | cancelled  | either | nothing was taken                                                |
 * | failed     | thread | Windows refused the wait; nothing was taken                      |
 * | releasing  | script | the thread must release the mutexes that it took                 |
 * | released   | thread | the mutexes are released                                         |
 *
 * @module
 */

import { MAX_AT_ONCE } from "../../../ffi/kernel_object.ts";
import type { ParentIdentity } from "../../wait/thread.ts";

/** The start data of a wait thread. */
export interface WaitThreadData {
  /** The memory of the {@linkcode WaitRecord}. */
  buffer: SharedArrayBuffer;
  /** The script's thread. When it has ended, the wait thread must take nothing more and end too. */
  parent: ParentIdentity;
}

/** The states of a slot. */
export const STATE = {
  free: 0,
  wanted: 1,
  taken: 2,
  cancelling: 3,
  satisfied: 4,
  cancelled: 5,
  failed: 6,
  releasing: 7,
  released: 8,
  hurried: 9,
} as const;

/** Number of slots: one for each object. */
export const SLOTS = MAX_AT_ONCE;
/** Maximum number of objects of all slots together. */
const MAX_OBJECTS = SLOTS * MAX_AT_ONCE;

/** Slots, objects, and a bell that the thread rings when a slot has an outcome. */
export class WaitRecord {
  /** The memory, which both threads share. */
  readonly buffer: SharedArrayBuffer;
  /** The state of each slot, out of {@linkcode STATE}. */
  readonly states: Int32Array<SharedArrayBuffer>;
  /** The number of objects of each slot. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** 1 if the slot waits for all of its objects together. */
  readonly alls: Int32Array<SharedArrayBuffer>;
  /** The index of the signalled object, or the code of the error. */
  readonly results: Int32Array<SharedArrayBuffer>;
  /** 1 if the owner of a mutex that was taken had died. */
  readonly abandoned: Int32Array<SharedArrayBuffer>;
  /** The words whose indices are in {@linkcode WORD}. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The handles of the objects. The first handle of a slot is at {@linkcode WaitRecord.at}. */
  readonly handles: BigUint64Array<SharedArrayBuffer>;
  /** 1 if the handle at the same index belongs to a mutex. */
  readonly mutexes: Uint8Array<SharedArrayBuffer>;

  /**
   * Lays the record over memory.
   *
   * @param buffer The memory of the script's record. @default new memory
   */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(MAX_OBJECTS * 9 + SLOTS * 24)) {
    this.buffer = buffer;
    this.handles = new BigUint64Array(buffer, 0, MAX_OBJECTS);
    let at = this.handles.byteLength;
    const column = (length: number) => {
      const array = new Int32Array(buffer, at, length);
      at += array.byteLength;
      return array;
    };
    this.states = column(SLOTS);
    this.counts = column(SLOTS);
    this.alls = column(SLOTS);
    this.results = column(SLOTS);
    this.abandoned = column(SLOTS);
    this.words = column(3);
    this.mutexes = new Uint8Array(buffer, at, MAX_OBJECTS);
  }

  /**
   * Returns the index of a slot's first object. More than 63 objects of a slot reach into the next
   * slots: then no other slot is in use.
   */
  at(slot: number): number {
    return slot * MAX_AT_ONCE;
  }

  /** Moves a slot from one state to another. Returns `false` if it is not in the first state. */
  move(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.states, slot, from, to) === from;
  }
}

/** Indices in `words`: the bell's count of rings, the wait thread's id, and 1 when it must end. */
export const WORD = { bell: 0, threadId: 1, over: 2 } as const;

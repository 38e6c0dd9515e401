/**
 * The memory in which a script and one of its wait threads hand each other waits and outcomes.
 *
 * A wait has a slot. Its state goes from one side to the other, and tells exactly who has the
 * last word: what the thread has not taken up yet, the script takes back at once; what it has
 * taken up, only the thread can end, for only it knows whether Windows let it have the objects.
 *
 * | state      | set by | what it means                                                    |
 * | ---------- | ------ | ---------------------------------------------------------------- |
 * | free       | script | the slot has no wait                                             |
 * | wanted     | script | the thread is to begin                                           |
 * | hurried    | script | its time was over before that: the thread is to look once        |
 * | taken      | thread | it has                                                           |
 * | cancelling | script | the thread is to stop, unless it is too late                     |
 * | satisfied  | thread | the objects were signalled, and taken where taking is their way  |
 * | cancelled  | either | nothing was taken                                                |
 * | failed     | thread | Windows would not wait; nothing was taken                        |
 * | releasing  | script | the thread is to release the mutexes that it took                |
 * | released   | thread | it has                                                           |
 *
 * @module
 */

import type { ParentIdentity } from "../../wait/thread.ts";

/** What a wait thread is started with. */
export interface WaitThreadData {
  /** The memory of the {@linkcode WaitRecord}. */
  buffer: SharedArrayBuffer;
  /** The script's own thread: nothing is to be taken or kept for one that has ended. */
  parent: ParentIdentity;
}

/** Whose move it is with a slot. */
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

/** How many objects a thread waits for at once: `MAXIMUM_WAIT_OBJECTS`, less the script's own thread. */
export const MAX_AT_ONCE = 63;
/** How many slots there are. */
export const SLOTS = MAX_AT_ONCE;
/** How many objects there is room for. */
export const MAX_OBJECTS = SLOTS * MAX_AT_ONCE;

/** Slots, objects, and a bell that the thread rings when it has an outcome. */
export class WaitRecord {
  /** The memory, for the other thread. */
  readonly buffer: SharedArrayBuffer;
  /** Whose move it is, slot by slot. */
  readonly states: Int32Array<SharedArrayBuffer>;
  /** How many objects each slot waits for. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** 1 where all of them have to be signalled. */
  readonly alls: Int32Array<SharedArrayBuffer>;
  /** Which object was signalled, or the code of the error. */
  readonly results: Int32Array<SharedArrayBuffer>;
  /** 1 where a mutex was taken whose owner had died. */
  readonly abandoned: Int32Array<SharedArrayBuffer>;
  /** The bell; the thread's id; and 1 when the thread is to end. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The objects' handles; those of a slot begin at {@linkcode WaitRecord.at}. */
  readonly handles: BigUint64Array<SharedArrayBuffer>;
  /** 1 for those that are mutexes. */
  readonly mutexes: Uint8Array<SharedArrayBuffer>;

  /**
   * Lays the record over memory.
   *
   * @param buffer The memory of the other side's record. @default new memory
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

  /** Where the objects of a slot begin; one with more objects than others is the only one. */
  at(slot: number): number {
    return slot * MAX_AT_ONCE;
  }

  /** Moves a slot from one state to another, if it is in that one. */
  move(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.states, slot, from, to) === from;
  }
}

/** Where the words are. */
export const WORD = { bell: 0, threadId: 1, over: 2 } as const;

/**
 * What the programs and scripts that are killed or race note of what they did, in memory beside the
 * channel: it is there when they have been ended.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";

/** The words, by their place in an `Int32Array`. */
export const NOTE = {
  /** The number of the next message: all before it were sent, or left behind. */
  next: 0,
  /** How many messages a receiver found that were not those that were to come. */
  mistakes: 1,
  /** Which race is on; -1 when there will be none. */
  round: 2,
  /** Which race is over: whoever has won leaves. */
  over: 3,
  /** How often one came to the end of its attempt, and left. */
  ended: 4,
  /** What each got. */
  results: 5,
} as const;

const BYTE_LENGTH = 4096;

/** The notes on a channel. */
export class Notes implements Disposable {
  /** The words. */
  readonly words: Int32Array<ArrayBuffer>;
  readonly #stack: DisposableStack;

  private constructor(memory: SharedMemory) {
    using stack = new DisposableStack();
    stack.use(memory);
    this.words = new Int32Array(stack.use(memory.map()).buffer);
    this.#stack = stack.move();
  }

  /** Makes them, by the name of the channel. */
  static create(channel: string): Notes {
    return new Notes(SharedMemory.create(`${channel}.notes`, BYTE_LENGTH));
  }

  /** Opens them, by the name of the channel. */
  static open(channel: string): Notes {
    return new Notes(SharedMemory.open(`${channel}.notes`, { access: "readwrite" }));
  }

  /** Lets go of them. */
  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

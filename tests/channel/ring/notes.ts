/**
 * Notes of programs and scripts that are killed or race. The notes are in shared memory beside the
 * channel, so that they remain when the process has ended.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";

/** The words of the notes, by their index in an `Int32Array`. */
export const NOTE = {
  /** The number of the next message. All messages before it were sent, or read completely. */
  next: 0,
  /** Number of messages that were not the next one of their sender. */
  mistakes: 1,
  /** The number of the current race; -1 after the last one. */
  round: 2,
  /** The number of the last race that is over. Its winner then leaves the place. */
  over: 3,
  /** How often a racer has ended its attempt, or left. */
  ended: 4,
  /** The result of each racer. */
  results: 5,
  /** Number of messages that were released. */
  released: 900,
  /** Number of messages that were delivered again. */
  repeats: 901,
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

  /** Creates the notes for a channel by the channel's name. */
  static create(channel: string): Notes {
    return new Notes(SharedMemory.create(`${channel}.notes`, BYTE_LENGTH));
  }

  /** Opens the notes for a channel by the channel's name. */
  static open(channel: string): Notes {
    return new Notes(SharedMemory.open(`${channel}.notes`, { access: "readwrite" }));
  }

  /** Closes the notes. */
  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

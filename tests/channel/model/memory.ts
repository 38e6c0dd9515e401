/**
 * The memory of a scenario. It decides which steps an access takes, and which values a load can
 * return.
 *
 * @module
 */

import type { Access } from "./watched_memory.ts";

/** A step of the memory: the state after it, and the result of the access for the script. */
export interface MemoryStep {
  readonly text: string;
  readonly memory: ModelMemory;
  readonly value?: unknown;
  /**
   * Whether no other script can notice the step, and its results would be the same or more at any
   * later time. Then the script goes on at once, up to its next step that others can notice.
   *
   * @default false
   */
  readonly isQuiet?: boolean;
}

/** The state of the memory that the scripts of a scenario share. It never changes. */
export interface ModelMemory {
  /** A text that is different for different states. */
  readonly key: string;
  /** Whether this state must go on: a store that will be overtaken is still pending. */
  readonly isImpossible: boolean;
  /** The newest contents. */
  readonly words: Int32Array<ArrayBuffer>;
  /**
   * Returns the possible next steps of an access. There is none while the access must wait for
   * earlier ones of the same script.
   *
   * @param part The index of the script.
   * @param make Makes the access to the watched memory, and returns its result.
   */
  access(part: number, access: Access, make: () => unknown): MemoryStep[];
  /** Returns whether no other script can notice when an access happens. */
  isLocal(part: number, access: Access): boolean;
  /** Returns the steps that the memory itself can make for a script: stores that become visible. */
  ownSteps(part: number): MemoryStep[];
  /** Returns whether a script can make a call of the system now. */
  canCall(part: number): boolean;
  /** A script hands all that it knows to an object of the system, such as an event. */
  give(part: number, object: string): ModelMemory;
  /** A script learns all that was handed to an object of the system. */
  learn(part: number, object: string): ModelMemory;
  /** A script ends. If it is killed, the stores that it has made become visible. */
  end(part: number, isKilled: boolean): ModelMemory;
}

/** Returns the object by which scripts learn that a process has ended. */
export function processObject(pid: number): string {
  return `process ${pid}`;
}

/** Memory in which all accesses of all scripts have one order. */
export class SequentialMemory implements ModelMemory {
  readonly isImpossible = false;
  readonly words: Int32Array<ArrayBuffer>;
  readonly #watched: Int32Array<ArrayBuffer>;
  readonly #isLocal: (word: number) => boolean;
  #key: string | undefined;

  /**
   * @param words The values of all words of the memory, as scripts see them.
   * @param watched The memory that `make` uses.
   * @param isLocal Returns whether no script can notice when a word is accessed.
   */
  constructor(
    words: Int32Array<ArrayBuffer>,
    watched: Int32Array<ArrayBuffer>,
    isLocal: (word: number) => boolean,
  ) {
    this.words = words;
    this.#watched = watched;
    this.#isLocal = isLocal;
  }

  get key(): string {
    if (this.#key === undefined) {
      const words: string[] = [];
      for (let index = 0; index < this.words.length; index++) {
        if (this.words[index] !== 0) words.push(`${index}:${this.words[index]}`);
      }
      this.#key = words.join();
    }
    return this.#key;
  }

  access(_part: number, access: Access, make: () => unknown): MemoryStep[] {
    this.#watched.set(this.words);
    const value = make();
    const text = `${access.method} ${access.word} ${access.values.join(" ")} -> ${value}`;
    if (!access.isWrite) return [{ text, value, memory: this }];
    const memory = new SequentialMemory(this.#watched.slice(), this.#watched, this.#isLocal);
    return [{ text, value, memory }];
  }

  isLocal(_part: number, { word }: Access): boolean {
    return this.#isLocal(word);
  }

  ownSteps(): MemoryStep[] {
    return [];
  }

  canCall(): boolean {
    return true;
  }

  give(): ModelMemory {
    return this;
  }

  learn(): ModelMemory {
    return this;
  }

  end(): ModelMemory {
    return this;
  }
}

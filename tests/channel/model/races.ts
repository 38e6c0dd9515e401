/**
 * Whether accesses that are no steps are ordered by those that are.
 *
 * Each process has a clock of what it knows to have happened, itself and by others: "vector clocks".
 * What is stored by one process and loaded by another carries the first one's clock over, and so
 * does an event, or the end of a process. Two accesses to a word, one of which writes, race if
 * neither process knows of the other's access.
 *
 * Without such a race, no reordering by compiler or processor makes a difference: JavaScript's memory
 * model promises that programs without races are sequentially consistent.
 *
 * @see {@link https://tc39.es/ecma262/multipage/memory-model.html}
 * @module
 */

type Clock = readonly number[];

/** What the processes know of each other's accesses. */
export class Races {
  /** Of each process, by its number. */
  #clocks: Clock[];
  /** Of what carries a clock over: words, events, ends of processes. */
  #carried: Map<string, Clock>;
  /** Of each word: who wrote it last, and when. */
  #writes: Map<number, readonly [process: number, time: number]>;
  /** Of each word: when each process read it last. */
  #reads: Map<number, Clock>;
  #isShared = false;

  /** @param count How many processes there are, or what is known already. */
  constructor(from: number | Races) {
    if (typeof from === "number") {
      this.#clocks = Array.from({ length: from }, (_, at) => nothing(from).with(at, 1));
      this.#carried = new Map();
      this.#writes = new Map();
      this.#reads = new Map();
    } else {
      this.#clocks = [...from.#clocks];
      this.#carried = new Map(from.#carried);
      this.#writes = from.#writes;
      this.#reads = from.#reads;
      this.#isShared = true;
    }
  }

  /** A process learns what came before something. */
  acquire(process: number, from: string): void {
    const carried = this.#carried.get(from);
    if (carried !== undefined) this.#clocks[process] = join(this.#clocks[process]!, carried);
  }

  /** A process passes on what it knows; a store forgets what others had passed on so. */
  release(process: number, to: string, isStore: boolean): void {
    const clock = this.#clocks[process]!;
    const carried = isStore ? undefined : this.#carried.get(to);
    this.#carried.set(to, carried === undefined ? clock : join(clock, carried));
    this.#clocks[process] = clock.with(process, clock[process]! + 1);
  }

  /** A process reads a word. */
  read(process: number, word: number): void {
    this.#assertAfterWrite(process, word);
    this.#separate();
    const clock = this.#clocks[process]!;
    const reads = this.#reads.get(word) ?? nothing(clock.length);
    this.#reads.set(word, reads.with(process, clock[process]!));
  }

  /** A process writes a word. */
  write(process: number, word: number): void {
    this.#assertAfterWrite(process, word);
    const clock = this.#clocks[process]!;
    const racing = this.#reads.get(word)?.findIndex((time, at) => time > clock[at]!) ?? -1;
    if (racing >= 0) throw new Error(`${process} writes word ${word} while ${racing} reads it`);
    this.#separate();
    this.#writes.set(word, [process, clock[process]!]);
    this.#reads.delete(word);
  }

  #separate(): void {
    if (!this.#isShared) return;
    this.#writes = new Map(this.#writes);
    this.#reads = new Map(this.#reads);
    this.#isShared = false;
  }

  #assertAfterWrite(process: number, word: number): void {
    const [writer, time] = this.#writes.get(word) ?? [process, 0];
    if (time > this.#clocks[process]![writer]!) {
      throw new Error(`${process} uses word ${word}, which ${writer} may be writing`);
    }
  }
}

function nothing(count: number): Clock {
  return new Array<number>(count).fill(0);
}

function join(one: Clock, other: Clock): Clock {
  return one.map((time, at) => Math.max(time, other[at]!));
}

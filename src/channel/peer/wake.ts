/**
 * How an end falls asleep, and its peer wakes it: by one wake flag, or by a wake event of each reader.
 *
 * An end that is going to sleep raises its flag, and then looks a second time. An end that has
 * published something looks at the flag after that. All of these accesses are sequentially consistent,
 * so at least one of the two sees what the other has done: either nobody falls asleep, or the event is
 * set. An event stays set until somebody waits for it, so it does not matter which comes first, the
 * wait or the event.
 *
 * Of readers there can be any number, of which 64 sleep at a time. A reader that may sleep has a wake event:
 * an event with a number in its name, and two bits in the memory. One bit is the reader's wake flag, the
 * other one says that the number is taken. The event belongs to the reader alone, so that the number of a
 * reader that was killed is free again by itself. Its bits may stay; whoever wakes it finds no such event.
 *
 * A writer takes the bits first and then sets the events, for a bit that was taken later could be that of
 * a reader that was woken and sleeps again. If the writer is killed in between, a reader has neither
 * bit nor event. Two things wake that reader:
 *
 * 1. Whoever sleeps watches the writer's process, and looks again when that process ends.
 * 2. A writer that comes wakes every reader that has a wake event. Some of them may have fallen asleep while
 *    there was no writer to watch, and a writer before this one may have taken their bits.
 *
 * After that the reader sees the new writer, and watches its process. A writer that is killed while it
 * comes may leave readers that watch nobody; these look for a writer twice a second (see liveness.ts).
 *
 * A line of these folders that ends in `// guard: NAME` must be there, and there: without it, or in
 * another order, an end sleeps on or a message is lost. tests/channel/model shows that for each.
 *
 * @module
 */

import type { EndEvent, Machine } from "./machine.ts";
import { unless } from "../../../ffi/error.ts";
import type { OptionChecks } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import { labelOf } from "./memory.ts";
import { MACHINE } from "./windows.ts";

/** The word of an end that need not be woken. */
export const AWAKE = 0;
/** The word of an end that has to be woken. */
export const ASLEEP = 1;

/** Says in shared memory that an end sleeps. */
export interface WakeFlag {
  /** The event that wakes the end. */
  readonly event: EndEvent;
  /** Says that the end is going to sleep; the end then has to look a second time. */
  raise(): void;
  /** Says that the end does not sleep, or no longer. */
  lower(): void;
}

/** Where a wake flag is. */
export interface WakeWordOptions {
  /** The header in words of 32 bits. */
  words: Int32Array<ArrayBuffer>;
  /** The flag's index in `words`. */
  index: number;
  /** The event that wakes the end. */
  event: EndEvent;
}

/** A wake flag in a word of a header: the end itself raises and lowers it, and the peer takes it. */
export class WakeWord implements WakeFlag {
  readonly event: EndEvent;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #index: number;

  /** Lays a flag over a word. */
  constructor({ words, index, event }: WakeWordOptions) {
    this.event = event;
    this.#words = words;
    this.#index = index;
  }

  raise(): void {
    Atomics.store(this.#words, this.#index, ASLEEP);
  }

  lower(): void {
    Atomics.store(this.#words, this.#index, AWAKE);
  }

  /** Wakes the end if it sleeps, after something was published for it. */
  wake(): void {
    if (Atomics.load(this.#words, this.#index) === AWAKE) return;
    if (Atomics.exchange(this.#words, this.#index, AWAKE) !== AWAKE) this.event.set();
  }
}

/** How many wake events there are. */
export const MAX_WAITING = 64;
/** How many 32-bit words have a bit for each wake event. */
const BIT_WORDS = MAX_WAITING / 32;
/** How many 32-bit words the wake events take: bits of readers that sleep, and then bits of wake events that are taken. */
export const WAKE_WORDS: number = 2 * BIT_WORDS;

/** Who may wake a reader. */
export interface WakeOptions {
  /**
   * Who may: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor in
   * SDDL. (`"everyone-full"`, for programs that ask for all rights, lets any program shut out all others.)
   *
   * @default "user"
   */
  security?: Security;
}

/** The checks of {@linkcode WakeOptions}. */
export const WAKE_CHECKS: OptionChecks<WakeOptions> = { security: assertSecurity };

/** The wake events of a memory's readers. */
export class WakeEvents {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #name: string;
  readonly #machine: Machine;

  /**
   * Lays wake events over memory.
   *
   * @param words As many as {@linkcode WAKE_WORDS} says.
   * @param name What the names of the events begin with.
   * @param options The machine that its readers and its writer run on.
   */
  constructor(
    words: Int32Array<ArrayBuffer>,
    name: string,
    { machine = MACHINE }: { machine?: Machine } = {},
  ) {
    this.#words = words;
    this.#name = name;
    this.#machine = machine;
  }

  /**
   * Wakes all readers that sleep, after something was published. If none does, the system is asked for
   * nothing.
   *
   * @returns How many there were.
   */
  wakeAll(): number {
    let count = 0;
    for (let word = 0; word < BIT_WORDS; word++) {
      if (Atomics.load(this.#words, word) === 0) continue;
      let bits = Atomics.exchange(this.#words, word, 0);
      try {
        for (; bits !== 0; bits &= bits - 1) if (this.#wake(word, bits)) count++;
      } finally {
        // Where an event could not be set, its reader still sleeps, and so do those after it.
        if (bits !== 0) Atomics.or(this.#words, word, bits);
      }
    }
    return count;
  }

  /**
   * Wakes every reader that has a wake event, also one whose bit does not say that it sleeps; for a writer that
   * has just taken its place. The bits stay as they are.
   */
  wakeEveryone(): void {
    for (let word = 0; word < BIT_WORDS; word++) {
      let bits = Atomics.load(this.#words, BIT_WORDS + word);
      for (; bits !== 0; bits &= bits - 1) {
        this.#wake(word, bits); // guard: wake-everyone
      }
    }
  }

  /**
   * Takes a wake event that nobody has.
   *
   * @param options Who may wake this reader.
   * @throws {Deno.errors.Busy} If there is none.
   */
  take(options: WakeOptions = {}): WakeEvent {
    for (let wakeEvent = 0; wakeEvent < MAX_WAITING; wakeEvent++) {
      const name = wakeEventName(this.#name, wakeEvent);
      const create = () => this.#machine.createEvent(name, options);
      const event = unless(Deno.errors.AlreadyExists, create);
      if (event !== undefined) return new WakeEvent(event, this.#words, wakeEvent);
    }
    throw new Deno.errors.Busy(
      `Cannot wait for the ${
        labelOf(this.#words.buffer)
      }: ${MAX_WAITING} readers wait for it already`,
    );
  }

  /** Wakes the reader of the lowest bit in a word; tells whether there is one. */
  #wake(word: number, bits: number): boolean {
    const wakeEvent = word * 32 + 31 - Math.clz32(bits & -bits);
    return wake(wakeEventName(this.#name, wakeEvent), this.#machine);
  }
}

/** The wake event of a reader. */
export class WakeEvent implements WakeFlag, Disposable {
  /** The event by which it is woken. */
  readonly event: EndEvent;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #word: number;
  readonly #bit: number;

  /** Takes it; `WakeEvents.take` calls this. */
  constructor(event: EndEvent, words: Int32Array<ArrayBuffer>, wakeEvent: number) {
    this.event = event;
    this.#words = words;
    this.#word = wakeEvent >> 5;
    this.#bit = 1 << (wakeEvent & 31);
    Atomics.or(words, BIT_WORDS + this.#word, this.#bit); // guard: taken-bit
  }

  /** Says that the reader is going to sleep; it then has to look a second time. */
  raise(): void {
    Atomics.or(this.#words, this.#word, this.#bit);
  }

  /** Says that the reader does not sleep after all, or no longer. */
  lower(): void {
    Atomics.and(this.#words, this.#word, ~this.#bit);
  }

  /** Gives the wake event back. */
  close(): void {
    if (this.event.closed) return;
    // First the bits: when the event is gone, the wake event is the next reader's. The memory may be
    // gone already.
    if (this.#words.length > 0) {
      Atomics.and(this.#words, BIT_WORDS + this.#word, ~this.#bit); // guard: bits-first
      this.lower();
    }
    this.event.close(); // guard: event-last
  }

  /** Gives the wake event back at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function wakeEventName(name: string, wakeEvent: number): string {
  return `${name}.reader.${wakeEvent}`;
}

/** Sets the event of a reader, if there is one. */
function wake(name: string, machine: Machine): boolean {
  try {
    using event = machine.openEvent(name);
    event.set();
    return true;
  } catch (error) {
    // The reader is gone, or somebody has set a bit and taken a name who is no reader.
    const { NotFound, InvalidData, PermissionDenied } = Deno.errors;
    const expected = error instanceof NotFound || error instanceof InvalidData ||
      error instanceof PermissionDenied;
    if (!expected) throw error;
    return false;
  }
}

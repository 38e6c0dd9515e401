/**
 * How an end falls asleep, and how its peer wakes it.
 *
 * An end of a ring has a wake flag in the shared memory ({@linkcode WakeWord}), and an event.
 *
 * - To fall asleep, an end raises its flag, looks a second time, and then waits for its event.
 * - To wake its peer, an end publishes something and looks at the peer's flag. If the flag is
 *   raised, the end sets the event.
 *
 * All of these accesses are sequentially consistent. So at least one of the two ends sees the step
 * of its peer: either the second look finds something, or the event is set. An event stays set
 * until a wait resets it. So it can be set before or after the wait begins.
 *
 * A broadcast ring or a latest value can have any number of readers; 64 of them can sleep at a
 * time. A reader that waits has a wake event ({@linkcode WakeEvent}): an event with a number in its
 * name, and two bits in the memory. One bit is the reader's wake flag, and one says that the number
 * is taken. Only the reader keeps the event open, so the number is free again when the reader is
 * killed. The bits of a killed reader can stay: a writer that wakes it finds no event of that name.
 *
 * A writer first clears the flags, and then sets the events of these readers. In the other order,
 * it could clear the flag of a reader that was woken and has fallen asleep again. If the writer is
 * killed between the two steps, a reader sleeps with a lowered flag. Two things wake that reader:
 *
 * 1. A reader that sleeps watches the writer's process, and looks again when the process ends.
 * 2. A writer that comes wakes every reader that has a wake event, also if its flag is lowered.
 *    Such a reader can have fallen asleep while there was no writer to watch.
 *
 * The reader that was woken then sees the new writer, and watches its process. A writer that is
 * killed while it comes can leave readers that watch no process. These look for a writer twice a
 * second (see place.ts).
 *
 * tests/channel/model/order_scenarios.ts checks the flags with the memory order of ARM64.
 *
 * A line in src/channel that ends in `// guard: NAME` must stay, and keep its order among the lines
 * around it. Otherwise an end sleeps on or a message is lost. tests/channel/model shows that for
 * each of these lines.
 *
 * @module
 */

import type { EndEvent, Machine } from "./machine.ts";
import { unless } from "../../../ffi/error.ts";
import type { OptionChecks } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import { afterStore, labelOf } from "./memory.ts";
import { MACHINE } from "./windows.ts";

/** A lowered wake flag: the end need not be woken. */
export const AWAKE = 0;
/** A raised wake flag: the end has to be woken. */
export const ASLEEP = 1;

/** A flag in shared memory that is raised while an end sleeps. */
export interface WakeFlag {
  /** The event that wakes the end. */
  readonly event: EndEvent;
  /** Raises the flag before the end sleeps. The end must then look a second time. */
  raise(): void;
  /** Lowers the flag: the end does not sleep, or not any more. */
  lower(): void;
}

/** The word of a wake flag, and the flag's event. */
export interface WakeWordOptions {
  /** The header in words of 32 bits. */
  words: Int32Array<ArrayBuffer>;
  /** The flag's index in `words`. */
  index: number;
  /** The event that wakes the end. */
  event: EndEvent;
}

/**
 * A wake flag in a word of a header. The end raises and lowers it; a peer that wakes it lowers it.
 */
export class WakeWord implements WakeFlag {
  readonly event: EndEvent;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #index: number;

  /** Uses a word as the flag. */
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

  /** Wakes the end if its flag is raised. Call this after something was published for the end. */
  wake(): void {
    if (Atomics.load(this.#words, this.#index) === AWAKE) return;
    if (Atomics.exchange(this.#words, this.#index, AWAKE) !== AWAKE) this.event.set();
  }
}

/** Maximum number of readers that can wait at a time: one for each bit. */
export const MAX_WAITING = 64;
/** Number of 32-bit words that hold one bit for each wake event. */
const BIT_WORDS = MAX_WAITING / 32;
/**
 * Number of 32-bit words that the wake events take in memory. The first half has the wake flags,
 * the second half has a bit for each wake event that is taken.
 */
export const WAKE_WORDS: number = 2 * BIT_WORDS;

/** Options for the event that wakes a reader. */
export interface WakeOptions {
  /**
   * Who can wake the reader: `"user"`, which means this user and the system; `"everyone"` on this
   * machine; or a security descriptor in SDDL. `"everyone-full"` is for programs that ask for all
   * rights. With it, any program can deny all others the access.
   *
   * @default "user"
   */
  security?: Security;
}

/** The checks of {@linkcode WakeOptions}. */
export const WAKE_CHECKS: OptionChecks<WakeOptions> = { security: assertSecurity };

/** The wake events of all readers of one memory. */
export class WakeEvents {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #name: string;
  readonly #machine: Machine;

  /**
   * Uses words of shared memory as the bits of the wake events.
   *
   * @param words The bits: {@linkcode WAKE_WORDS} words.
   * @param name The prefix of the events' names.
   * @param options The machine that the readers and the writer run on.
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
   * Wakes all readers whose wake flags are raised. Call this after something was published by an
   * `Atomics` access. It makes no call of the system if no flag is raised.
   *
   * @returns The number of readers that were woken.
   */
  wakeAll(): number {
    afterStore();
    if (this.#words[0] === 0 && this.#words[1] === 0) return 0;
    let count = 0;
    for (let word = 0; word < BIT_WORDS; word++) {
      if (Atomics.load(this.#words, word) === 0) continue;
      let bits = Atomics.exchange(this.#words, word, 0);
      try {
        for (; bits !== 0; bits &= bits - 1) if (this.#wake(word, bits)) count++;
      } finally {
        // If an event could not be set, its reader still sleeps, and so do the readers after it.
        if (bits !== 0) Atomics.or(this.#words, word, bits);
      }
    }
    return count;
  }

  /**
   * Wakes every reader that has a wake event, also if its wake flag is lowered. All bits stay as
   * they are. A writer calls this when it has taken its place.
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
   * Takes a free wake event for a reader.
   *
   * @throws {Deno.errors.Busy} If {@linkcode MAX_WAITING} readers have one already.
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

  /**
   * Wakes the reader of the lowest bit that is set in a word. Returns whether there is a reader.
   */
  #wake(word: number, bits: number): boolean {
    const wakeEvent = word * 32 + 31 - Math.clz32(bits & -bits);
    return wake(wakeEventName(this.#name, wakeEvent), this.#machine);
  }
}

/** The wake event of one reader. */
export class WakeEvent implements WakeFlag, Disposable {
  /** The event that wakes the reader. */
  readonly event: EndEvent;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #word: number;
  readonly #bit: number;

  /** Marks the number `wakeEvent` as taken. `WakeEvents.take` calls this. */
  constructor(event: EndEvent, words: Int32Array<ArrayBuffer>, wakeEvent: number) {
    this.event = event;
    this.#words = words;
    this.#word = wakeEvent >> 5;
    this.#bit = 1 << (wakeEvent & 31);
    Atomics.or(words, BIT_WORDS + this.#word, this.#bit); // guard: taken-bit
  }

  /** Raises the flag before the reader sleeps. The reader must then look a second time. */
  raise(): void {
    Atomics.or(this.#words, this.#word, this.#bit);
  }

  /** Lowers the flag: the reader does not sleep, or not any more. */
  lower(): void {
    Atomics.and(this.#words, this.#word, ~this.#bit);
  }

  /** Closes the event and frees its number for the next reader. */
  close(): void {
    if (this.event.closed) return;
    // The bits come first: as soon as the event is closed, the next reader can take the number. The
    // memory can be unmapped already.
    if (this.#words.length > 0) {
      Atomics.and(this.#words, BIT_WORDS + this.#word, ~this.#bit); // guard: bits-first
      this.lower();
    }
    this.event.close(); // guard: event-last
  }

  /** Closes the wake event at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function wakeEventName(name: string, wakeEvent: number): string {
  return name + wakeEventSuffix(wakeEvent);
}

/** Returns the end of the name of a wake event, whose number is below {@linkcode MAX_WAITING}. */
export function wakeEventSuffix(wakeEvent: number): string {
  return `.reader.${wakeEvent}`;
}

/** Sets the event of a name. Returns whether such an event exists and this user can set it. */
function wake(name: string, machine: Machine): boolean {
  try {
    using event = machine.openEvent(name);
    event.set();
    return true;
  } catch (error) {
    // The reader is gone. Or a program that is no reader has set a bit or made an object of the
    // name.
    const { NotFound, InvalidData, PermissionDenied } = Deno.errors;
    const expected = error instanceof NotFound || error instanceof InvalidData ||
      error instanceof PermissionDenied;
    if (!expected) throw error;
    return false;
  }
}

/**
 * Latest values: one process writes them, and any number read the newest.
 *
 * @module
 */

import { objectName } from "../../ffi/object_name.ts";
import { type Fields, type Layout, SharedMemory, type StructValue } from "../memory/mod.ts";
import { SharedMutex } from "../sync/mod.ts";
import type { WaitOptions } from "../waiting/poll.ts";
import { isTurnDue, nextTurn } from "../waiting/turns.ts";
import {
  LatestMemory,
  type LatestValueOptions,
  memoryLengthOf,
  wordsOf,
  writeHeader,
} from "./latest/latest_memory.ts";
import { LatestWriter } from "./latest_writer.ts";
import type { Seat } from "./end/seats.ts";

/** How to look for changes. */
export interface ChangesOptions {
  /** Ends the iteration, which then throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The newest value that another process has written, whole, as often as one looks.
 *
 * Nobody waits for anybody: a reader never holds the writer up, and a value that the reader did not
 * look at in time is gone. A writer that dies leaves the last whole value, and another one can take
 * its place.
 *
 * @example
 * ```ts
 * import { LatestValue, struct } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Position = struct({ x: "f64", y: "f64" });
 *
 * // One process writes …
 * using writer = LatestValue.create("position", Position);
 * writer.write({ x: 1, y: 2 });
 * writer.write({ y: 3 });
 *
 * // … and any other reads.
 * using reader = LatestValue.open("position", Position);
 * assertEquals(reader.read(), { x: 1, y: 3 });
 * ```
 */
export class LatestValue<F extends Fields> implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  /** What a value is like. */
  readonly layout: Layout<F>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #options: LatestValueOptions;
  readonly #seats = new Set<Seat>();
  #memory: LatestMemory | undefined;

  private constructor(
    name: string,
    layout: Layout<F>,
    memory: SharedMemory,
    options: LatestValueOptions,
  ) {
    this.name = name;
    this.layout = layout;
    this.#options = options;
    this.#words = new Int32Array(wordsOf(layout.byteLength));
    this.#memory = new LatestMemory(name, memory, layout);
  }

  /**
   * Makes a latest value, or takes the place of a writer that is gone.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @param layout What a value is like.
   * @param options What it is to be like, if it is new.
   * @returns The writer.
   * @throws {Deno.errors.AlreadyExists} If somebody writes it.
   * @throws {Deno.errors.Busy} If the memory names a newest value that it has not: somebody else has
   *   written to it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not make or open it.
   */
  static create<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestWriter<F> {
    const full = objectName(name);
    const mutex = SharedMutex.openOrCreate(`${full}.writer`, options);
    const lock = mutex.tryLock();
    try {
      if (lock === undefined) {
        throw new Deno.errors.AlreadyExists(`Somebody writes the latest value "${full}" already`);
      }
      const memory = SharedMemory.openOrCreate(full, memoryLengthOf(layout), {
        ...options,
        initialize: (view) => writeHeader(view, layout),
      });
      const latest = new LatestMemory(full, memory, layout);
      const words = new Int32Array(wordsOf(layout.byteLength));
      try {
        latest.slots.copy(words);
      } catch (error) {
        latest[Symbol.dispose]();
        throw error;
      }
      return new LatestWriter(full, layout, words, {
        publish: (words) => latest.publish(words),
        close: () => {
          latest[Symbol.dispose]();
          lock.release();
          mutex.close();
        },
      });
    } catch (error) {
      lock?.release();
      mutex.close();
      throw error;
    }
  }

  /**
   * Opens a latest value, to read it.
   *
   * @param name The name.
   * @param layout What a value is like: the same as the writer's.
   * @param options Who may wake this reader, where another user writes.
   * @throws {Deno.errors.NotFound} If nobody has it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static open<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions = {},
  ): LatestValue<F> {
    const memory = SharedMemory.open(name, { access: "readwrite" });
    return new LatestValue(objectName(name), layout, memory, options);
  }

  /**
   * Waits until somebody makes the latest value of a name, and opens it.
   *
   * @param name The name.
   * @param layout What a value is like: the same as the writer's.
   * @param options How long to wait, and who may wake this reader.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or to values of another layout.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static async waitFor<F extends Fields>(
    name: string,
    layout: Layout<F>,
    options: LatestValueOptions & WaitOptions = {},
  ): Promise<LatestValue<F>> {
    const memory = await SharedMemory.waitFor(name, { ...options, access: "readwrite" });
    return new LatestValue(objectName(name), layout, memory, options);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#memory === undefined;
  }

  /**
   * Gives the newest value.
   *
   * @returns All of its fields; `undefined` if nothing has been written yet.
   * @throws {Deno.errors.Busy} If the writer was so fast that no value stood still long enough.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  read(): StructValue<F> | undefined {
    return this.#open().slots.copy(this.#words) === 0 ? undefined : this.layout.read(this.#words);
  }

  /**
   * Copies the newest value's bytes, for a `Layout.view` that is made once: nothing is allocated.
   *
   * @param target Where to, in whole 32-bit words: as many as the layout's bytes take.
   * @returns Whether something has been written yet.
   * @throws {RangeError} If the target is too small.
   * @throws {Deno.errors.Busy} If the writer was so fast that no value stood still long enough.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  readInto(target: Int32Array): boolean {
    const { slots } = this.#open();
    if (target.length < this.#words.length) {
      throw new RangeError(
        `Expected a target of ${this.#words.length} words, got one of ${target.length}`,
      );
    }
    return slots.copy(target) !== 0;
  }

  /**
   * Gives the newest value, and then each that is the newest when one asks again; it waits while there is no other.
   * What was written and replaced meanwhile is left out.
   *
   * At most 64 readers can wait at a time.
   *
   * @param options How to end it; closing ends it too, without an error.
   * @throws {Deno.errors.Busy} If too many readers wait already.
   * @throws {Deno.errors.BadResource} If it is closed before it begins.
   */
  async *changes({ signal }: ChangesOptions = {}): AsyncGenerator<StructValue<F>, void, void> {
    const { slots, seats } = this.#open();
    signal?.throwIfAborted();
    const seat = seats.take(this.#options);
    this.#seats.add(seat);
    try {
      for (let seen = 0; !this.closed;) {
        if (slots.newest !== seen) {
          if (isTurnDue()) {
            await nextTurn();
            continue;
          }
          seen = slots.copy(this.#words);
          if (seen !== 0) yield this.layout.read(this.#words);
          signal?.throwIfAborted();
          continue;
        }
        seat.announce();
        // What was written before that woke nobody: look once more, or sleep through it.
        if (slots.newest === seen) await seat.event.wait(signal === undefined ? {} : { signal });
      }
    } catch (error) {
      if (!(this.closed && error instanceof Deno.errors.BadResource)) throw error;
    } finally {
      this.#seats.delete(seat);
      seat.close();
    }
  }

  /** Lets go of the memory, and ends what waits for changes. */
  close(): void {
    const memory = this.#memory;
    this.#memory = undefined;
    for (const seat of this.#seats) seat.close();
    memory?.[Symbol.dispose]();
  }

  /** Closes the value at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): LatestMemory {
    if (this.#memory === undefined) {
      throw new Deno.errors.BadResource(`The latest value "${this.name}" is closed`);
    }
    return this.#memory;
  }
}

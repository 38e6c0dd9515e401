/**
 * The reader of a latest frame: pins the newest frame, so that a script can use it in place, waits
 * for further frames, and knows the writer's state. layout.ts says why no frame is torn.
 *
 * @module
 */

import { Uncloneable } from "../../../ffi/handle.ts";
import {
  type ChangesOptions,
  type ChangingParts,
  LatestChanges,
  type WriterState,
} from "../latest/reader.ts";
import type { Machine } from "../peer/machine.ts";
import { labelOf } from "../peer/memory.ts";
import { leavePlace, takePlace } from "../peer/place.ts";
import type { WakeOptions } from "../peer/wake.ts";
import { decodeValue } from "../ring/message.ts";
import {
  type FrameHead,
  frameLabel,
  type FrameParts,
  type FrameSlots,
  type ReaderPlace,
  readerPlace,
} from "./layout.ts";

/** Maximum attempts to pin a frame: a fast or hostile writer must not keep a reader in a loop. */
const MAX_TRIES = 10_000;
/** The pin of a reader that has no frame. */
const NO_PIN = 0;
const WHO = "reader";

/** The place of a reader, and its pin, which keeps the writer from a slot. */
export class FramePin implements Disposable {
  readonly #slots: FrameSlots;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #place: ReaderPlace;
  readonly #machine: Machine;

  /**
   * Takes a reader's place that is free, or whose owner has ended.
   *
   * @throws {Deno.errors.Busy} If all places are taken.
   */
  constructor({ slots, machine }: Pick<FrameParts, "slots" | "machine">) {
    this.#slots = slots;
    this.#words = slots.header.words;
    this.#machine = machine;
    this.#place = takeAny(slots, machine);
    // The last owner can have been killed while it held a frame.
    this.unpin(); // guard: stale-pin
  }

  /**
   * Pins the slot of the newest frame.
   *
   * @returns The slot; below 0 if no frame was published.
   * @throws {Deno.errors.InvalidData} If the memory is corrupt. A slot can be pinned then.
   * @throws {Deno.errors.Busy} If there was a newer frame after each of 10,000 attempts.
   */
  pin(): number {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const slot = this.#slots.newest;
      if (slot < 0) return slot;
      Atomics.store(this.#words, this.#place.pin, slot + 1); // guard: pin-first
      const isMoved = this.#slots.newest !== slot; // guard: look-again
      if (!isMoved) return slot;
    }
    throw new Deno.errors.Busy(
      `Cannot acquire the newest frame of the ${labelOf(this.#words.buffer)}: there was a newer ` +
        `one after each of ${MAX_TRIES} attempts`,
    );
  }

  /** Gives the slot back to the writer. */
  unpin(): void {
    Atomics.store(this.#words, this.#place.pin, NO_PIN);
  }

  /** Leaves the place. */
  [Symbol.dispose](): void {
    this.unpin(); // guard: unpin-first
    leavePlace(this.#slots.header, this.#place, { machine: this.#machine }); // guard: leave-last
  }
}

/** Takes the first reader's place that is free, or whose owner has ended. */
function takeAny({ header, settings: { maxReaders } }: FrameSlots, machine: Machine): ReaderPlace {
  for (let index = 0; index < maxReaders; index++) {
    const place = readerPlace(index);
    try {
      takePlace(header, place, { who: WHO, machine });
      return place;
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
    }
  }
  throw new Deno.errors.Busy(
    `The ${labelOf(header.words.buffer)} has ${maxReaders} readers already: close one first, or ` +
      "create it with more maxReaders",
  );
}

/** A frame that is being made. */
interface FrameOptions {
  readonly slots: FrameSlots;
  readonly slot: number;
  readonly head: FrameHead;
  /** Is called once, when the frame is released. */
  readonly ended: () => void;
}

let frameOver: (options: FrameOptions) => Frame;

/**
 * A frame that a reader holds, from {@linkcode FrameReader.acquire}. The writer does not touch it
 * until it is released: {@linkcode Frame.bytes} are the shared memory itself, not a copy.
 *
 * A frame that is never released takes a slot from the writer, until its reader is closed or the
 * reader's process ends. The garbage collector does not release a frame, because an array over its
 * bytes can still be in use.
 *
 * @example Use a frame, and release it at the end of the block
 * ```ts
 * import { LatestFrame } from "@winipc/winipc/channel";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * using frames = LatestFrame.create("picture of the door", { byteLength: 1024 });
 * using writer = frames.writer();
 * using reader = frames.reader();
 * writer.claim()?.fill(7);
 * writer.publish({ width: 32, height: 32 });
 *
 * const frame = reader.acquire()!;
 * {
 *   using held = frame;
 *   assertEquals(held.bytes[1023], 7);
 *   assertEquals(held.metadata, { width: 32, height: 32 });
 * }
 * assertThrows(() => frame.bytes, Deno.errors.BadResource);
 * ```
 */
export class Frame extends Uncloneable implements Disposable {
  /**
   * The number of the frame: 1 for the first one, and one more for each frame that was published.
   * The difference to the number of an earlier frame tells how many frames the reader has skipped.
   */
  readonly number: number;
  readonly #slots: FrameSlots;
  readonly #slot: number;
  readonly #head: FrameHead;
  readonly #ended: () => void;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #metadata: { readonly value: unknown } | undefined;
  #released = false;

  static {
    frameOver = (options) => new Frame(options);
  }

  private constructor({ slots, slot, head, ended }: FrameOptions) {
    super();
    this.number = head.number;
    this.#slots = slots;
    this.#slot = slot;
    this.#head = head;
    this.#ended = ended;
  }

  /** Whether the frame is released. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * The bytes of the frame, which are the shared memory itself. Do not write to them: other readers
   * see the same bytes.
   *
   * An array that the script keeps after the release shows later frames, also half-written ones.
   * Its length becomes 0 when the reader's {@linkcode LatestFrame} is closed. To keep a frame, copy
   * it with `frame.bytes.slice()`.
   *
   * @throws {Deno.errors.BadResource} If the frame is released.
   * @throws {Deno.errors.Busy} If the script has transferred the `ArrayBuffer` away.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#assertHeld();
    return this.#bytes ??= this.#view();
  }

  /**
   * The metadata of the frame; `undefined` if it has none. Its type is `unknown`: check it.
   *
   * @throws {Deno.errors.InvalidData} If the metadata was not written by
   *   {@linkcode FrameWriter.publish}.
   * @throws {Deno.errors.BadResource} If the frame is released.
   */
  get metadata(): unknown {
    this.#assertHeld();
    this.#metadata ??= { value: this.#decode() };
    return this.#metadata.value;
  }

  /** Gives the slot back to the writer. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#ended();
  }

  /** Releases the frame at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.release();
  }

  #view(): Uint8Array<ArrayBuffer> {
    const all = this.#slots.bytesOf(this.#slot);
    return this.#head.length === all.length ? all : all.subarray(0, this.#head.length);
  }

  #decode(): unknown {
    const { metadataLength } = this.#head;
    if (metadataLength === 0) return undefined;
    // A copy: a hostile peer can change the memory while it is decoded.
    const bytes = this.#slots.metadataOf(this.#slot).slice(0, metadataLength);
    try {
      return decodeValue(bytes);
    } catch (cause) {
      throw new Deno.errors.InvalidData(
        `The metadata of frame ${this.number} of the ${this.#label} is not a value that was ` +
          "published",
        { cause },
      );
    }
  }

  #assertHeld(): void {
    if (!this.#released) return;
    throw new Deno.errors.BadResource(
      `Frame ${this.number} of the ${this.#label} is released: copy its bytes before that`,
    );
  }

  get #label(): string {
    return labelOf(this.#slots.header.words.buffer);
  }
}

/** Options of {@linkcode openReader}. */
export interface FrameReaderOptions {
  /** The full name of the latest frame. */
  readonly name: string;
  /** The parts of its memory. */
  readonly parts: FrameParts;
  /** The security of the events that wake this reader. */
  readonly wake: WakeOptions;
}

/** Opens a reader; {@linkcode LatestFrame.reader} calls this. */
export let openReader: (options: FrameReaderOptions) => FrameReader;

const NO_WORDS = new Int32Array();

/**
 * Reads a latest frame in place, and waits for further frames. {@linkcode LatestFrame.reader} opens
 * it. A reader holds one frame at a time. To hold two, open two readers.
 *
 * @example Show each frame, and count those that were skipped
 * ```ts
 * import { LatestFrame } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using frames = LatestFrame.create("picture of the gate", { byteLength: 1024 });
 * const writer = frames.writer();
 * using reader = frames.reader();
 * for (let frame = 1; frame <= 3; frame++) {
 *   writer.claim()?.fill(frame);
 *   writer.publish();
 * }
 * writer.close();
 *
 * let [last, skipped] = [0, 0];
 * for await (const frame of reader.changes({ timeout: 1000 })) {
 *   skipped += frame.number - last - 1;
 *   last = frame.number;
 *   assertEquals(frame.bytes[0], 3);
 * }
 * assertEquals([last, skipped], [3, 2]);
 * ```
 */
export class FrameReader extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  readonly #slots: FrameSlots;
  readonly #pin: FramePin;
  readonly #changes: LatestChanges;
  #held: Frame | undefined;
  readonly #ended = (): void => {
    this.#held = undefined;
    this.#pin.unpin();
  };
  #closed = false;

  static {
    openReader = (options) => new FrameReader(options);
  }

  private constructor({ name, parts, wake }: FrameReaderOptions) {
    super();
    this.name = name;
    this.#slots = parts.slots;
    const { slots, ...rest } = parts;
    const changing: ChangingParts = {
      ...rest,
      header: slots.header,
      slots: {
        get newest() {
          return slots.newestNumber;
        },
        copy: () => this.#acquire()?.number ?? 0,
      },
    };
    this.#changes = new LatestChanges(frameLabel(name), changing, wake);
    this.#pin = new FramePin(parts);
  }

  /** Whether the reader is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The state of the writer now.
   *
   * - `"alive"`: there is a writer. A writer in a process that this user cannot watch counts as
   *   alive, also after its death.
   * - `"closed"`: the last writer was closed.
   * - `"dead"`: the process or Worker of the last writer has ended without closing the writer.
   * - `"none"`: the latest frame never had a writer.
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  get writer(): WriterState {
    this.#assertOpen();
    return this.#changes.checkWriter();
  }

  /**
   * Acquires the newest frame, also if the reader had it before. Nothing is copied, and no call of
   * the system is made.
   *
   * @returns The frame, which the writer does not touch until it is released; `undefined` if no
   *   frame was published yet.
   * @throws {Deno.errors.Busy} If the reader holds a frame already. Or if the writer was so fast
   *   that there was a newer frame after each of 10,000 attempts.
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  acquire(): Frame | undefined {
    this.#assertOpen();
    return this.#acquire();
  }

  /**
   * Iterates over the newest frames. The first step yields the newest frame. Each later step waits
   * until there is a newer one, and yields the frame that is the newest then. Frames that were
   * replaced between two steps are left out.
   *
   * Each frame is released when the loop comes back for the next one or ends, if the loop has not
   * released it before. So a slow loop takes no more than one slot from the writer.
   *
   * The iteration ends within a second after the writer was closed or has died, and yields the last
   * frame before. {@linkcode FrameReader.writer} then says whether the writer was closed or has
   * died. The option `whenWriterGone` changes this behaviour. If another writer is opened before
   * the reader has noticed that the last writer is gone, the iteration goes on.
   *
   * At most 64 readers can wait at a time.
   *
   * @param options Limits of the wait. An iteration also ends, without an error, when the reader is
   *   closed.
   * @throws {Deno.errors.TimedOut} If there was no newer frame in time.
   * @throws {Deno.errors.ConnectionReset} If `whenWriterGone` is `"throw"`, and the writer's
   *   process or Worker has ended without closing the writer.
   * @throws {Deno.errors.Busy} If 64 readers wait already. Or for the same reasons as
   *   {@linkcode FrameReader.acquire}.
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   * @throws {Deno.errors.BadResource} If the reader is closed before the iteration begins.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {RangeError} If `timeout` is out of range.
   */
  async *changes(options: ChangesOptions = {}): AsyncGenerator<Frame, void, void> {
    // The frame was acquired just before: see `copy` above.
    const take = () => this.#held!;
    for await (const frame of this.#changes.changes(NO_WORDS, take, options)) {
      try {
        yield frame;
      } finally {
        frame.release();
      }
    }
  }

  /**
   * Makes a wait for changes keep the process alive, which is the default.
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  ref(): void {
    this.#assertOpen();
    this.#changes.ref();
  }

  /**
   * Lets the process end during a wait for changes. This applies to waits that have begun already,
   * and to all later waits.
   *
   * @throws {Deno.errors.BadResource} If the reader is closed.
   */
  unref(): void {
    this.#assertOpen();
    this.#changes.unref();
  }

  /** Releases the frame that the reader holds, ends its iterations and closes the reader. */
  close(): void {
    if (this.#closed) return;
    this.#held?.release();
    this.#closed = true;
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.use(this.#pin);
    stack.use(this.#changes);
  }

  /** Closes the reader at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #acquire(): Frame | undefined {
    if (this.#held !== undefined) {
      throw new Deno.errors.Busy(
        `The reader of ${frameLabel(this.name)} holds frame ${this.#held.number} already: ` +
          "release that frame first, or open another reader",
      );
    }
    try {
      const slot = this.#pin.pin();
      if (slot < 0) return undefined;
      const head = this.#slots.readHead(slot);
      const frame = frameOver({ slots: this.#slots, slot, head, ended: this.#ended });
      return this.#held = frame;
    } catch (error) {
      this.#pin.unpin();
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The reader of ${frameLabel(this.name)} is closed`);
    }
  }
}

/**
 * Latest frames, which one process writes in place and any number of processes read in place; and
 * their writer. layout.ts says why no frame is torn.
 *
 * The writer holds the mutex `NAME.writer`, and it has a place in the memory, as the writer of a
 * latest value has: see ../latest/value.ts for the reason.
 *
 * @module
 */

import {
  assertInteger,
  assertOptions,
  integerFrom,
  type OptionChecks,
} from "../../../ffi/arguments.ts";
import { unless } from "../../../ffi/error.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { UNITS_PER_MILLISECOND } from "../../../ffi/platform.ts";
import { openMemory } from "../../memory/creation.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { objectName, openOrCreate, openWithSettings } from "../../names.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { createLatest, LatestPublisher, takeWriterMutex } from "../latest/value.ts";
import type { Machine } from "../peer/machine.ts";
import { Ends, hasEnded } from "../peer/place.ts";
import { WAKE_CHECKS, type WakeOptions } from "../peer/wake.ts";
import { encodeValue } from "../ring/message.ts";
import {
  frameLabel,
  FrameMemory,
  type FrameParts,
  type FrameSettings,
  type FrameSlots,
  HEAD_WORDS,
  headWords,
  LATEST_FRAME_CHECKS,
  type LatestFrameOptions,
  MAGIC,
  MAX_FRAME,
  MAX_METADATA,
  memoryLengthOf,
  NEWEST,
  type ReaderPlace,
  readerPlace,
  settle,
  writeHeader,
} from "./layout.ts";
import { type FrameReader, openReader } from "./reader.ts";

/** The index of a slot that does not exist. */
const NONE = -1;
/** The encoded metadata of a frame without metadata. */
const NOTHING = new Uint8Array();
/** Minimum time between two checks of the readers' processes by a writer without a free slot. */
const CHECK_INTERVAL = 20 * UNITS_PER_MILLISECOND;

/** The slots as the writer sees them: it claims a free one, and publishes it. */
export class FrameRoom {
  readonly #slots: FrameSlots;
  readonly #places: readonly ReaderPlace[];
  readonly #machine: Machine;
  #newest: number;
  #number = 0;
  #claimed = NONE;
  #dropped = 0;
  /** Whether a reader has pinned each slot, at the last look. */
  readonly #pinned: Uint8Array<ArrayBuffer>;
  /** The last owner of each reader's place that is known to have ended. */
  readonly #ended: (bigint | undefined)[] = [];
  #lastCheck: number;

  /**
   * Goes on after the frame that was published last.
   *
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   */
  constructor({ slots, machine }: Pick<FrameParts, "slots" | "machine">) {
    this.#slots = slots;
    this.#places = Array.from({ length: slots.settings.maxReaders }, (_, at) => readerPlace(at));
    this.#machine = machine;
    this.#pinned = new Uint8Array(slots.settings.slots);
    this.#newest = slots.newest;
    if (this.#newest >= 0) this.#number = slots.readHead(this.#newest).number;
    this.#lastCheck = (machine.ticks[0]! - CHECK_INTERVAL) | 0;
  }

  /** The slot that is claimed; below 0 if there is none. */
  get claimed(): number {
    return this.#claimed;
  }

  /** The number of the next frame. */
  get nextNumber(): number {
    return this.#number + 1;
  }

  /** The number of claims that found no free slot. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Claims a free slot, unless one is claimed. Returns the slot; below 0 if there is none. */
  claim(): number {
    if (this.#claimed !== NONE) return this.#claimed;
    let slot = this.#findFree();
    if (slot === NONE && this.#noteDeaths()) slot = this.#findFree();
    if (slot === NONE) this.#dropped++;
    return this.#claimed = slot;
  }

  /** Publishes the frame in the claimed slot, with this head. {@linkcode LatestPublisher} calls it. */
  publish(head: Int32Array): void {
    const slot = this.#claimed;
    this.#slots.writeHead(slot, head); // guard: head-first
    Atomics.store(this.#slots.header.words, NEWEST, slot + 1); // guard: newest-last
    this.#claimed = NONE;
    this.#newest = slot;
    this.#number++;
  }

  /**
   * Finds a slot that is not the newest and that no living reader has pinned: the oldest first.
   *
   * Each pin is loaded once. A reader can move its pin meanwhile. With a look at the pins for each
   * slot, all slots could seem to be pinned by a single reader.
   */
  #findFree(): number {
    const { slots } = this.#slots.settings;
    const pinned = this.#pinned.fill(0);
    for (let index = 0; index < this.#places.length; index++) {
      const pin = Atomics.load(this.#slots.header.words, this.#places[index]!.pin);
      if (pin === 0 || this.#isVoid(index)) continue;
      // A hostile pin names no slot, and is not stored.
      pinned[pin - 1] = 1; // guard: look-at-pins
    }
    for (let step = 1; step <= slots; step++) {
      const slot = (this.#newest + step) % slots;
      const isNewest = slot === this.#newest; // guard: keep-newest
      if (!isNewest && pinned[slot] === 0) return slot;
    }
    return NONE;
  }

  /** Returns whether the owner of a place is known to have ended, so that its pin does not count. */
  #isVoid(index: number): boolean {
    const ended = this.#ended[index];
    if (ended === undefined) return false;
    return Atomics.load(this.#slots.header.owners, this.#places[index]!.owner) === ended;
  }

  /**
   * Notes which owners of pins have ended, at most once every 20 ms. Returns whether there is one
   * more.
   */
  #noteDeaths(): boolean {
    const now = this.#machine.ticks[0]!;
    // Both times are modulo 2³².
    if (((now - this.#lastCheck) >>> 0) < CHECK_INTERVAL) return false;
    this.#lastCheck = now;
    const { words, owners } = this.#slots.header;
    let isFound = false;
    for (const [index, { pin, owner }] of this.#places.entries()) {
      if (Atomics.load(words, pin) === 0) continue;
      const found = Atomics.load(owners, owner);
      if (found === this.#ended[index]) continue;
      const isDead = found === 0n || hasEnded(found, this.#machine);
      if (!isDead) continue;
      this.#ended[index] = found;
      isFound = true;
    }
    return isFound;
  }
}

/** Options for publishing a frame. */
export interface FramePublishOptions {
  /** The length of the frame in bytes. @default the `byteLength` of the latest frame */
  length?: number;
}

/** The checks of {@linkcode FramePublishOptions}. */
export const FRAME_PUBLISH_CHECKS: OptionChecks<FramePublishOptions> = {
  length: integerFrom(0, MAX_FRAME),
};

/** Options of {@linkcode openWriter}. */
interface FrameWriterOptions {
  readonly name: string;
  readonly slots: FrameSlots;
  readonly room: FrameRoom;
  /** The publisher, which has the writer's place. */
  readonly publisher: LatestPublisher;
  /** Closes the publisher, and then releases the writer's mutex. */
  readonly resources: DisposableStack;
}

let openWriter: (options: FrameWriterOptions) => FrameWriter;

/**
 * Writes frames in place. {@linkcode LatestFrame.writer} opens it. A latest frame has only one
 * writer at a time, in any process.
 *
 * @example Publish a frame with metadata, and a shorter one
 * ```ts
 * import { LatestFrame } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using frames = LatestFrame.create("picture of the yard", { byteLength: 8_294_400 });
 * using reader = frames.reader();
 * using writer = frames.writer();
 * writer.claim()?.fill(0x80);
 * writer.publish({ width: 1920, height: 1080 });
 * reader.acquire()?.release();
 *
 * const bytes = writer.claim();
 * if (bytes !== undefined) {
 *   const { written } = new TextEncoder().encodeInto("compressed", bytes);
 *   writer.publish(undefined, { length: written });
 * }
 * using frame = reader.acquire();
 * assertEquals([frame?.number, frame?.bytes.length], [2, 10]);
 * ```
 */
export class FrameWriter extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  readonly #slots: FrameSlots;
  readonly #room: FrameRoom;
  readonly #publisher: LatestPublisher;
  readonly #resources: DisposableStack;
  readonly #head = new Int32Array(HEAD_WORDS);
  #closed = false;

  static {
    openWriter = (options) => new FrameWriter(options);
  }

  private constructor({ name, slots, room, publisher, resources }: FrameWriterOptions) {
    super();
    this.name = name;
    this.#slots = slots;
    this.#room = room;
    this.#publisher = publisher;
    this.#resources = resources;
  }

  /** Whether the writer is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The number of frames that this writer has dropped, because readers held all slots. It is always
   * 0 if there are two more slots than readers, as by default.
   */
  get dropped(): number {
    return this.#room.dropped;
  }

  /**
   * Claims room for the next frame. Fill the bytes, and then call {@linkcode FrameWriter.publish}.
   * This never waits. If a frame is claimed already, the same bytes are returned.
   *
   * @returns The bytes, which are the shared memory itself and hold an earlier frame at first. Do
   *   not touch them after `publish`. `undefined` if readers hold all other slots: drop the frame.
   * @throws {Deno.errors.Busy} If a script has transferred the `ArrayBuffer` of the frames away.
   * @throws {Deno.errors.BadResource} If the writer is closed.
   */
  claim(): Uint8Array<ArrayBuffer> | undefined {
    this.#assertOpen();
    const slot = this.#room.claim();
    return slot < 0 ? undefined : this.#slots.bytesOf(slot);
  }

  /**
   * Publishes the claimed frame, so that it is the newest one for all readers. Nothing is copied
   * except the metadata. This makes calls of the system only if a reader sleeps.
   *
   * @param metadata Any value that can be cloned, such as a size or a time. Encoded it has at most
   *   4032 bytes. @default none
   * @throws {TypeError} If no frame is claimed.
   * @throws {DOMException} `DataCloneError` if the metadata cannot be cloned.
   * @throws {RangeError} If the metadata is too long, or `length` is more than the `byteLength` of
   *   the latest frame. Then the frame stays claimed.
   * @throws {Deno.errors.BadResource} If the writer is closed.
   */
  publish(metadata?: unknown, options?: FramePublishOptions): void {
    this.#assertOpen();
    const { byteLength } = this.#slots.settings;
    if (options !== undefined) assertOptions(options, FRAME_PUBLISH_CHECKS);
    const length = options?.length ?? byteLength;
    assertInteger("length", length, 0, byteLength);
    const encoded = metadata === undefined ? NOTHING : encodeMetadata(metadata);
    // A getter of the options or the metadata can have closed the writer or published the frame.
    this.#assertOpen();
    const slot = this.#room.claimed;
    if (slot < 0) {
      throw new TypeError(`Cannot publish in the ${this.#label}: call claim() first`);
    }
    this.#slots.metadataOf(slot).set(encoded);
    const { nextNumber: number } = this.#room;
    headWords(this.#head, { number, length, metadataLength: encoded.length });
    this.#publisher.publish(this.#head);
  }

  /** Closes the writer. The newest frame stays, and another writer can be opened. */
  close(): void {
    this.#closed = true;
    this.#resources.dispose();
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The writer of ${this.#label} is closed`);
    }
  }

  get #label(): string {
    return frameLabel(this.name);
  }
}

function encodeMetadata(metadata: unknown): Uint8Array {
  const encoded = encodeValue(metadata);
  if (encoded.length <= MAX_METADATA) return encoded;
  throw new RangeError(
    `Expected metadata of at most ${MAX_METADATA} bytes, got ${encoded.length} bytes: put it ` +
      "into the frame",
  );
}

/**
 * The newest of large frames in shared memory, such as pictures, which one process writes and
 * several processes read. Nothing is copied: the writer fills a slot in place, and a reader pins
 * the newest frame and uses it in place.
 *
 * The writer and the readers never wait for each other. A frame that a reader did not acquire in
 * time is lost to it. If a reader dies while it holds a frame, its slot goes back to the writer. If
 * the writer dies, the newest frame stays whole, and another writer can take its place.
 *
 * @example Publish a picture and use it elsewhere
 * ```ts
 * import { LatestFrame } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * // One process writes …
 * using frames = LatestFrame.create("camera", { byteLength: 640 * 480 * 4 });
 * using writer = frames.writer();
 * const pixels = writer.claim();
 * if (pixels !== undefined) {
 *   pixels.fill(0xff);
 *   writer.publish({ width: 640, height: 480 });
 * }
 *
 * // … and others read.
 * using same = LatestFrame.open("camera");
 * using reader = same.reader();
 * using frame = reader.acquire();
 * assertEquals(frame?.metadata, { width: 640, height: 480 });
 * assertEquals(frame?.bytes.length, 1_228_800);
 * ```
 */
export class LatestFrame extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  readonly #label: string;
  readonly #memory: FrameMemory;
  readonly #options: Pick<LatestFrameOptions, "security">;
  readonly #ends = new Ends();
  #closed = false;

  private constructor(
    name: string,
    memory: FrameMemory,
    options: Pick<LatestFrameOptions, "security"> = {},
  ) {
    super();
    this.name = name;
    this.#label = frameLabel(name);
    this.#memory = memory;
    this.#options = options.security === undefined ? {} : { security: options.security };
  }

  /**
   * Creates a latest frame under a name.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to create it.
   * @throws {RangeError} If `byteLength`, `slots` or `maxReaders` is out of range.
   */
  static create(name: string, options: LatestFrameOptions): LatestFrame {
    const full = objectName(name);
    const settings = settingsOf(options);
    const { security } = options;
    const memory = createLatest({
      name: full,
      label: frameLabel(full),
      magic: MAGIC,
      byteLength: memoryLengthOf(settings),
      options: security === undefined ? {} : { security },
      initialize: (view) => writeHeader(view, settings),
    });
    return new LatestFrame(full, new FrameMemory(full, memory), options);
  }

  /**
   * Opens the latest frame of a name, or creates it if it does not exist. So a program that
   * restarts finds the frames that its readers still have open. {@linkcode LatestFrame.writer} then
   * replaces the writer that has died.
   *
   * This blocks the thread for up to 5 seconds while another process creates it. It does not change
   * the `security` of a latest frame that exists.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.InvalidData} If it exists with other settings, or the name belongs to
   *   something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to create or open it.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating it in 5 seconds.
   * @throws {RangeError} If `byteLength`, `slots` or `maxReaders` is out of range.
   */
  static openOrCreate(name: string, options: LatestFrameOptions): LatestFrame {
    const full = objectName(name);
    const settings = settingsOf(options);
    const label = frameLabel(full);
    const found = () => new LatestFrame(full, openFrames(full), options);
    return openOrCreate({
      label,
      open: () => openWithSettings({ label, settings, open: found }),
      create: () => LatestFrame.create(name, options),
    });
  }

  /**
   * Opens the latest frame of a name.
   *
   * @throws {Deno.errors.NotFound} If no latest frame has this name.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open it.
   */
  static open(name: string): LatestFrame {
    const full = objectName(name);
    return new LatestFrame(full, openFrames(full));
  }

  /**
   * Waits until a process creates the latest frame of a name, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If it was not created in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open it.
   */
  static async waitFor(name: string, options: WaitOptions = {}): Promise<LatestFrame> {
    const full = objectName(name);
    assertOptions(options, WAIT_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => openFrames(full));
    return new LatestFrame(full, await poll(frameLabel(full), look, options));
  }

  /** The settings, which never change after the creation. */
  get settings(): FrameSettings {
    return this.#memory.settings;
  }

  /** Whether the latest frame is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Opens the writer. It can replace a writer that was closed, or whose process or Worker has
   * ended.
   *
   * @throws {Deno.errors.Busy} If the latest frame has a writer already.
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   * @throws {Deno.errors.BadResource} If the latest frame is closed.
   */
  writer(): FrameWriter {
    this.#assertOpen();
    const { name } = this;
    const { slots, wakeEvents, machine } = this.#memory.parts;
    using stack = takeWriterMutex(name, this.#label, this.#options);
    const room = new FrameRoom({ slots, machine });
    const { header } = slots;
    const publisher = stack.use(new LatestPublisher({ header, slots: room, wakeEvents, machine }));
    return this.#ends.add(openWriter({ name, slots, room, publisher, resources: stack.move() }));
  }

  /**
   * Opens a reader.
   *
   * @param options Its `security` matters if another user writes.
   * @throws {Deno.errors.Busy} If the latest frame has `maxReaders` readers already.
   * @throws {Deno.errors.BadResource} If the latest frame is closed.
   */
  reader(options: WakeOptions = {}): FrameReader {
    this.#assertOpen();
    assertOptions(options, WAKE_CHECKS);
    const { name } = this;
    return this.#ends.add(openReader({ name, parts: this.#memory.parts, wake: options }));
  }

  /**
   * Closes the latest frame, and the ends that were opened by this object. A frame that a reader
   * holds is released. All arrays over frames have length 0 afterwards.
   *
   * @throws {Deno.errors.Busy} If a script has transferred the `ArrayBuffer` of the frames away.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.use(this.#memory);
    stack.defer(() => this.#ends.close());
  }

  /** Closes the latest frame at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
  }
}

function settingsOf(options: LatestFrameOptions): FrameSettings {
  assertOptions(options, LATEST_FRAME_CHECKS);
  assertInteger("byteLength", options.byteLength, 1, MAX_FRAME);
  return settle(options);
}

/** Opens the memory of a latest frame to read and write: readers write their pins. */
function openFrames(name: string): FrameMemory {
  const memory = openMemory(name, { access: "readwrite" }, { label: frameLabel(name) });
  return new FrameMemory(name, sharedMemoryOver(memory, name, false));
}

/**
 * Reads a broadcast ring, a latest value or a latest frame as bytes, as one more reader. The layout
 * is the one that the memory describes.
 *
 * @module
 */

import { BroadcastRing } from "../broadcast/ring.ts";
import type { BroadcastMessage, BroadcastReceiver } from "../broadcast/receiver.ts";
import type { FrameReader } from "../frame/reader.ts";
import { LatestFrame } from "../frame/latest.ts";
import { latestLabel, LatestMemory } from "../latest/layout.ts";
import { LatestChanges } from "../latest/reader.ts";
import { openMemory } from "../../memory/creation.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import { objectName } from "../../names.ts";
import { wordsOf } from "../peer/memory.ts";
import { bytesLayout } from "./bytes_layout.ts";
import {
  type BroadcastForm,
  type FrameForm,
  labelOfForm,
  type LatestForm,
  readForm,
  type TapForm,
} from "./form.ts";

/** A message, a value or a frame, as a copy of its bytes. */
export interface TapMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of messages between the message before and this one that this reader missed. */
  readonly missed: number;
  /** The number and the metadata of a frame. */
  readonly frame?: TapFrame;
}

/** What a frame has besides its bytes. */
export interface TapFrame {
  readonly number: number;
  /** The length of the frame in bytes, also if the bytes were not copied. */
  readonly length: number;
  /** The metadata; `undefined` if the frame has none, or none that can be decoded. */
  readonly metadata: unknown;
}

/** Reads messages as bytes. */
export interface TapSource extends Disposable {
  /** The full name. */
  readonly name: string;
  /** The name in messages: `broadcast ring "Local\\x"`. */
  readonly label: string;
  readonly form: TapForm;
  /** Takes a message that has arrived; `undefined` if there is none, or {@linkcode next} must wait. */
  take(): TapMessage | undefined;
  /**
   * Waits for the next message.
   *
   * @returns `undefined` after the last message of a sender that was closed.
   * @throws {Deno.errors.ConnectionReset} If the sender's process has ended without closing the
   *   sender, after its last message.
   * @throws {Deno.errors.Busy} If all readers' places are taken.
   * @throws {Deno.errors.InvalidData} If the memory is corrupt.
   * @throws The reason of the signal.
   */
  next(): Promise<TapMessage | undefined>;
}

/** Options of {@linkcode openSource}. */
export interface OpenSourceOptions {
  /** Ends the waits. */
  readonly signal: AbortSignal;
  /** Whether the bytes of frames are left out. */
  readonly headsOnly?: boolean;
}

/**
 * Joins the object of a name as one more reader.
 *
 * @throws The same errors as {@linkcode readForm}.
 * @throws {Deno.errors.Busy} If a latest frame has no free reader's place.
 */
export function openSource(name: string, options: OpenSourceOptions): TapSource {
  const full = objectName(name);
  const form = readForm(full);
  if (form.kind === "broadcast") return new BroadcastSource(full, form, options);
  if (form.kind === "latest") return new LatestSource(full, form, options);
  return new FrameSource(full, form, options);
}

/** The receiver of a ring, whose messages are only bytes in both cases. */
type Receiver =
  | { readonly isTyped: true; readonly end: BroadcastReceiver<Uint8Array<ArrayBuffer>> }
  | { readonly isTyped: false; readonly end: BroadcastReceiver<BroadcastMessage> };

class BroadcastSource implements TapSource {
  readonly label: string;
  readonly #receiver: Receiver;
  readonly #resources: DisposableStack;
  readonly #waitOptions: { signal: AbortSignal };
  #missed = 0;

  constructor(
    readonly name: string,
    readonly form: BroadcastForm,
    { signal }: OpenSourceOptions,
  ) {
    const { layout, settings } = form;
    this.label = labelOfForm(form, name);
    this.#waitOptions = { signal };
    using stack = new DisposableStack();
    if (layout === undefined) {
      this.#receiver = { isTyped: false, end: stack.use(BroadcastRing.open(name)).receiver() };
    } else {
      const message = bytesLayout(layout, settings.maxMessageLength);
      const end = stack.use(BroadcastRing.open(name, { message })).receiver();
      this.#receiver = { isTyped: true, end };
    }
    this.#resources = stack.move();
  }

  take(): TapMessage | undefined {
    const { isTyped, end } = this.#receiver;
    if (!isTyped) return end.tryReceive();
    const bytes = end.tryReceive();
    return bytes && this.#typed(bytes, end.missed);
  }

  async next(): Promise<TapMessage | undefined> {
    const { isTyped, end } = this.#receiver;
    if (!isTyped) return await end.receive(this.#waitOptions);
    const bytes = await end.receive(this.#waitOptions);
    return bytes && this.#typed(bytes, end.missed);
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  #typed(bytes: Uint8Array<ArrayBuffer>, all: number): TapMessage {
    const missed = all - this.#missed;
    this.#missed = all;
    return { bytes, missed };
  }
}

class LatestSource implements TapSource {
  readonly label: string;
  readonly #changes: AsyncGenerator<TapMessage, void, void>;
  readonly #resources: DisposableStack;
  /** The number of the value that was copied last, and of the one before it. */
  #number = 0;
  #last = 0;

  constructor(
    readonly name: string,
    readonly form: LatestForm,
    { signal }: OpenSourceOptions,
  ) {
    const { layout } = form;
    this.label = labelOfForm(form, name);
    using stack = new DisposableStack();
    const found = openMemory(name, { access: "readwrite" }, { label: latestLabel(name) });
    const memory = sharedMemoryOver(found, name, false);
    const { parts } = stack.use(new LatestMemory(name, memory, layout));
    const { slots } = parts;
    const copy = (words: Int32Array) => this.#number = slots.copy(words);
    const counted = {
      ...parts,
      slots: {
        get newest() {
          return slots.newest;
        },
        copy,
      },
    };
    const words = new Int32Array(wordsOf(layout.byteLength));
    const changes = stack.use(new LatestChanges(latestLabel(name), counted));
    const read = () => this.#read(new Uint8Array(words.buffer, 0, layout.byteLength).slice());
    this.#changes = changes.changes(words, read, { signal, whenWriterGone: "throw" });
    this.#resources = stack.move();
  }

  take(): undefined {
    return undefined;
  }

  async next(): Promise<TapMessage | undefined> {
    const { value } = await this.#changes.next();
    return value ?? undefined;
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  #read(bytes: Uint8Array<ArrayBuffer>): TapMessage {
    // Numbers count modulo 2³². The values before the first look are not missed.
    const missed = this.#last === 0 ? 0 : (this.#number - this.#last - 1) >>> 0;
    this.#last = this.#number;
    return { bytes, missed };
  }
}

class FrameSource implements TapSource {
  readonly label: string;
  readonly #changes: ReturnType<FrameReader["changes"]>;
  readonly #resources: DisposableStack;
  readonly #headsOnly: boolean;
  #last = 0;

  constructor(
    readonly name: string,
    readonly form: FrameForm,
    { signal, headsOnly = false }: OpenSourceOptions,
  ) {
    this.label = labelOfForm(form, name);
    this.#headsOnly = headsOnly;
    using stack = new DisposableStack();
    const reader = stack.use(LatestFrame.open(name)).reader();
    this.#changes = reader.changes({ signal, whenWriterGone: "throw" });
    this.#resources = stack.move();
  }

  take(): undefined {
    return undefined;
  }

  async next(): Promise<TapMessage | undefined> {
    const { value: found } = await this.#changes.next();
    if (found === undefined) return undefined;
    using frame = found;
    const missed = this.#last === 0 ? 0 : Math.max(frame.number - this.#last - 1, 0);
    const { number, bytes: { length } } = frame;
    this.#last = number;
    const bytes = this.#headsOnly ? new Uint8Array() : frame.bytes.slice();
    return { bytes, missed, frame: { number, length, metadata: metadataOf(frame) } };
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

/** Metadata that no writer of this module has written is left out. */
function metadataOf(frame: { readonly metadata: unknown }): unknown {
  try {
    return frame.metadata;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return undefined;
    throw error;
  }
}

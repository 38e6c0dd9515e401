/**
 * Creates a broadcast ring, a latest value or a latest frame of a given form, and sends messages as
 * bytes.
 *
 * @module
 */

import { BroadcastRing } from "../broadcast/ring.ts";
import type { BroadcastSender } from "../broadcast/sender.ts";
import { WAKE_BITS_OFFSET as BROADCAST_BITS } from "../broadcast/layout.ts";
import { type FrameWriter, LatestFrame } from "../frame/latest.ts";
import { WAKE_BITS_OFFSET as FRAME_BITS } from "../frame/layout.ts";
import {
  latestLabel,
  LatestMemory,
  MAGIC,
  memoryLengthOf,
  WAKE_BITS_OFFSET as LATEST_BITS,
  writeHeader,
} from "../latest/layout.ts";
import { createLatest, LatestPublisher, takeWriterMutex } from "../latest/value.ts";
import { type MappedView, SharedMemory } from "../../memory/mod.ts";
import { objectName } from "../../names.ts";
import { wordsOf } from "../peer/memory.ts";
import { bytesLayout } from "./bytes_layout.ts";
import type { BroadcastForm, FrameForm, LatestForm, TapForm } from "./form.ts";
import { inspectReaders } from "../peer/inspection.ts";
import { WAKE_WORDS } from "../peer/wake.ts";

/** Sends messages as bytes. */
export interface TapTarget extends Disposable {
  /** The full name. */
  readonly name: string;
  /** The number of readers that have waited for a message, and that are not closed since. */
  readonly readers: number;
  /**
   * Sends a message, writes a value, or publishes a frame.
   *
   * @param metadata The metadata of a frame.
   * @returns Whether it was sent. A frame is dropped if readers hold all slots.
   */
  send(bytes: Uint8Array, metadata?: unknown): boolean;
  /** Makes all readers see what was sent. */
  flush(): void;
}

/**
 * Creates the object of a form under a name, and opens its sender.
 *
 * @throws {Deno.errors.AlreadyExists} If the name is taken.
 * @throws {RangeError} If a setting is out of range.
 */
export function createTarget(name: string, form: TapForm): TapTarget {
  const full = objectName(name);
  if (form.kind === "broadcast") return new BroadcastTarget(full, form);
  return form.kind === "latest" ? new LatestTarget(full, form) : new FrameTarget(full, form);
}

/** Counts an object's readers. */
class ReaderCount implements Disposable {
  readonly #view: MappedView;
  readonly #offset: number;

  /** @param offset The offset in bytes of the bits of the readers' wake events. */
  constructor(name: string, offset: number) {
    using memory = SharedMemory.open(name);
    this.#view = memory.map({ byteLength: offset + WAKE_WORDS * 4 });
    this.#offset = offset;
  }

  get readers(): number {
    return inspectReaders(this.#view.buffer, this.#offset).waited;
  }

  [Symbol.dispose](): void {
    this.#view.close();
  }
}

class BroadcastTarget implements TapTarget {
  readonly #sender: BroadcastSender<never>;
  readonly #count: ReaderCount;
  readonly #resources: DisposableStack;

  constructor(readonly name: string, { settings, layout }: BroadcastForm) {
    const { capacity, maxMessageLength } = settings;
    using stack = new DisposableStack();
    const ring = stack.use(
      layout === undefined
        ? BroadcastRing.create(name, { capacity, maxMessageLength })
        : BroadcastRing.create(name, {
          capacity,
          maxMessageLength,
          message: bytesLayout(layout, maxMessageLength),
        }),
    );
    this.#sender = ring.sender();
    this.#count = stack.use(new ReaderCount(name, BROADCAST_BITS));
    this.#resources = stack.move();
  }

  get readers(): number {
    return this.#count.readers;
  }

  send(bytes: Uint8Array): boolean {
    this.#sender.send(bytes);
    return true;
  }

  flush(): void {
    this.#sender.flush();
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

class LatestTarget implements TapTarget {
  readonly #publisher: LatestPublisher;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #count: ReaderCount;
  readonly #resources: DisposableStack;

  constructor(readonly name: string, { layout }: LatestForm) {
    const label = latestLabel(name);
    using stack = new DisposableStack();
    const memory = createLatest({
      name,
      label,
      magic: MAGIC,
      byteLength: memoryLengthOf(layout),
      options: {},
      initialize: (view) => writeHeader(view, layout),
    });
    const { parts } = stack.use(new LatestMemory(name, memory, layout));
    stack.use(takeWriterMutex(name, label, {}));
    this.#publisher = stack.use(new LatestPublisher(parts));
    this.#count = stack.use(new ReaderCount(name, LATEST_BITS));
    this.#words = new Int32Array(wordsOf(layout.byteLength));
    this.#bytes = new Uint8Array(this.#words.buffer, 0, layout.byteLength);
    this.#resources = stack.move();
  }

  get readers(): number {
    return this.#count.readers;
  }

  send(bytes: Uint8Array): boolean {
    this.#bytes.set(bytes);
    this.#publisher.publish(this.#words);
    return true;
  }

  flush(): void {}

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

class FrameTarget implements TapTarget {
  readonly #writer: FrameWriter;
  readonly #count: ReaderCount;
  readonly #resources: DisposableStack;

  constructor(readonly name: string, { settings }: FrameForm) {
    using stack = new DisposableStack();
    this.#writer = stack.use(LatestFrame.create(name, { ...settings })).writer();
    this.#count = stack.use(new ReaderCount(name, FRAME_BITS));
    this.#resources = stack.move();
  }

  get readers(): number {
    return this.#count.readers;
  }

  send(bytes: Uint8Array, metadata?: unknown): boolean {
    const room = this.#writer.claim();
    room?.set(bytes);
    if (room !== undefined) this.#writer.publish(metadata, { length: bytes.length });
    return room !== undefined;
  }

  flush(): void {}

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}

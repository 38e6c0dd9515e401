/**
 * The objects whose memory is fuzzed.
 *
 * @module
 */

import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  type Producers,
  RingChannel,
} from "../../../src/channel/mod.ts";
import * as broadcast from "../../../src/channel/broadcast/layout.ts";
import * as frame from "../../../src/channel/frame/layout.ts";
import { SLOTS_OFFSET, WAKE_BITS_OFFSET, WRITER } from "../../../src/channel/latest/layout.ts";
import { HEADER_LENGTH, RECEIVER, SENDERS, WORD } from "../../../src/channel/ring/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import {
  CAPACITY,
  openBroadcast,
  openFrames,
  openLatest,
  openRing,
  type User,
  Value,
} from "./users.ts";
import type { Words } from "./hostile_writes.ts";

/** A kind of object whose memory is fuzzed. */
export interface Target {
  readonly words: Words;
  /** Creates an object under a name. */
  create(name: string): Disposable;
  /** Opens an object to use it. */
  open(name: string): User;
}

/** The kinds of objects: channels of one or many senders, and the other products. */
export type Kind = "single" | "multiple" | "broadcast" | "latest" | "frame";

/** All objects by their kinds. */
export const TARGETS: Readonly<Record<Kind, Target>> = {
  single: ring("single"),
  multiple: ring("multiple"),
  broadcast: {
    words: {
      settings: Object.values(broadcast.WORD),
      watched: [
        ...Object.values(broadcast.POSITION).flatMap((at) => [at * 2, at * 2 + 1]),
        broadcast.WORD.committed,
        ...[0, 1, 2, 3].map((word) => broadcast.WAKE_BITS_OFFSET / 4 + word),
        broadcast.SENDER.state,
      ],
      owners: [broadcast.SENDER.owner * 2],
      body: broadcast.HEADER_LENGTH / 4,
    },
    create: (name) => BroadcastRing.create(name, { capacity: CAPACITY }),
    open: openBroadcast,
  },
  latest: {
    // See latest/layout.ts.
    words: {
      settings: [0, 1, 2, 3, 4, 5],
      watched: [
        WRITER.state,
        ...[0, 1, 2, 3].map((word) => WAKE_BITS_OFFSET / 4 + word),
        SLOTS_OFFSET / 4,
      ],
      owners: [WRITER.owner * 2],
      body: 96,
    },
    create: (name) => {
      const value = LatestValue.create(name, Value);
      // Sets the state of the place: a writer was closed.
      value.writer().close();
      return value;
    },
    open: openLatest,
  },
  frame: frames(),
};

/** A latest frame with two readers. */
function frames(): Target {
  const settings = { byteLength: 64, slots: 3, maxReaders: 2 };
  const { first, stride } = frame.slotSizesOf(settings);
  const heads = [0, 1, 2].map((slot) => (first + slot * stride) / 4);
  const readers = [0, 1].map(frame.readerPlace);
  return {
    words: {
      settings: [0, 1, 2, 3, 4],
      watched: [
        frame.NEWEST,
        frame.WRITER.state,
        ...[0, 1, 2, 3].map((word) => frame.WAKE_BITS_OFFSET / 4 + word),
        ...readers.flatMap(({ state, pin }) => [state, pin]),
        ...heads.flatMap((head) => [head, head + 1, head + 2, head + 3]),
      ],
      owners: [frame.WRITER, ...readers].map(({ owner }) => owner * 2),
      // The metadata of the first frame.
      body: first / 4 + frame.METADATA_OFFSET / 4,
    },
    create: (name) => {
      const created = LatestFrame.create(name, settings);
      const writer = created.writer();
      writer.claim();
      writer.publish({ text: "metadata" });
      writer.close();
      return created;
    },
    open: openFrames,
  };
}

function ring(producers: Producers): Target {
  const places = [RECEIVER, SENDERS[0]!, SENDERS[1]!];
  const { tail, head, committed, consumed, producerLock, changes, dropped, numbers, ...settings } =
    WORD;
  return {
    words: {
      settings: Object.values(settings),
      watched: [
        ...[tail, head, committed, consumed, producerLock, changes, dropped],
        ...Array.from({ length: 6 }, (_, word) => numbers + word),
        ...places.flatMap(({ state, sleeping }) => [state, sleeping]),
      ],
      owners: [RECEIVER, ...SENDERS].map(({ owner }) => owner * 2),
      body: HEADER_LENGTH / 4,
    },
    create: (name) => RingChannel.create(name, { capacity: CAPACITY, producers }),
    open: openRing,
  };
}

/** Opens the memory of a target. */
export function openMemory(name: string): Disposable & { buffer: ArrayBuffer } {
  using stack = new DisposableStack();
  const memory = stack.use(SharedMemory.open(name, { access: "readwrite" }));
  const { buffer } = stack.use(memory.map());
  const all = stack.move();
  return { buffer, [Symbol.dispose]: () => all.dispose() };
}

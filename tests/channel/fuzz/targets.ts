/**
 * The objects whose memory is fuzzed.
 *
 * @module
 */

import {
  BroadcastRing,
  LatestValue,
  type Producers,
  RingChannel,
} from "../../../src/channel/mod.ts";
import * as broadcast from "../../../src/channel/broadcast/layout.ts";
import { SLOTS_OFFSET, WAKE_BITS_OFFSET, WRITER } from "../../../src/channel/latest/layout.ts";
import { HEADER_LENGTH, RECEIVER, SENDERS, WORD } from "../../../src/channel/ring/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { CAPACITY, openBroadcast, openLatest, openRing, type User, Value } from "./users.ts";
import type { Words } from "./hostile_writes.ts";

/** A kind of object whose memory is fuzzed. */
export interface Target {
  readonly words: Words;
  /** Creates an object under a name. */
  create(name: string): Disposable;
  /** Opens an object to use it. */
  open(name: string): User;
}

/** The kinds of objects: channels of one or many senders, broadcast rings and latest values. */
export type Kind = "single" | "multiple" | "broadcast" | "latest";

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
};

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

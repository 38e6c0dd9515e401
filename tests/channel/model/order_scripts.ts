/**
 * Scripts for scenarios about the order of memory accesses. They use the parts of the library that
 * access shared memory, and wait as its ends do.
 *
 * @module
 */

import {
  HEADER_LENGTH,
  RECEIVER,
  type RingSettings,
  SENDER,
} from "../../../src/channel/ring/layout.ts";
import type { EndWait } from "../../../src/channel/peer/wait.ts";
import type { WakeFlag, WakeWord } from "../../../src/channel/peer/wake.ts";
import type { Liveness } from "../../../src/channel/peer/place.ts";
import type { Machine } from "../../../src/channel/peer/machine.ts";
import type { Part } from "./explore.ts";
import { eventOf } from "./machine.ts";
import type { ArmLibrary } from "./order_library.ts";
import { EVENTS, type Run } from "./run.ts";

/** A peer that is alive in the whole scenario. */
const ALIVE: Liveness = {
  isMany: false,
  look: () => "alive",
  isSame: () => true,
  watch: () => undefined,
  checkNowAndThen: () => {},
  noteDeath: () => {},
  awaitDeath: () => undefined,
  [Symbol.dispose]: () => {},
};

/** The wake flags of a ring, and the wait of one of its ends. */
interface RingEnd {
  readonly machine: Machine;
  readonly senders: WakeWord;
  readonly receiver: WakeWord;
  readonly wait: EndWait;
}

function ringEnd(
  library: ArmLibrary,
  run: Run,
  buffer: ArrayBuffer,
  { who, isShared = false }: { who: "sender" | "receiver"; isShared?: boolean },
): RingEnd {
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
  const machine = library.machineOf(run, library);
  const { WakeWord } = library;
  const senders = new WakeWord({
    words,
    index: SENDER.sleeping,
    event: eventOf(run, EVENTS.space),
  });
  const receiver = new WakeWord({
    words,
    index: RECEIVER.sleeping,
    event: eventOf(run, EVENTS.data),
  });
  const wakeFlag: WakeFlag = who === "sender" ? senders : receiver;
  const wait = new library.EndWait({ buffer, wakeFlag, peer: ALIVE, machine, isShared });
  return { machine, senders, receiver, wait };
}

/** Options of a sender. */
export interface OrderSending {
  readonly settings: RingSettings;
  readonly numbers: readonly number[];
}

/** The length of messages in rings: two words, so that a message can be torn. */
export const LENGTH = 8;

/** A sender of a ring for one sender. */
export function orderSender(library: ArmLibrary, { settings, numbers }: OrderSending): Part {
  return {
    first: true,
    script: async (_, run, buffer) => {
      const end = ringEnd(library, run, buffer, { who: "sender" });
      const writer = new library.RingWriter(buffer, settings);
      run.note("there");
      for (const number of numbers) {
        while (writer.claim(LENGTH) < 0) {
          end.wait.untilSync(() => writer.findRoom(LENGTH), Infinity);
        }
        writer.write(new Uint8Array(LENGTH).fill(number), true);
        end.receiver.wake();
        await run.rest([writer, end, number]);
      }
    },
  };
}

/** One of many senders of a ring. */
export function orderSharedSender(
  library: ArmLibrary,
  { settings, numbers, index }: OrderSending & { readonly index: number },
): Part {
  return {
    script: async (_, run, buffer) => {
      const end = ringEnd(library, run, buffer, { who: "sender", isShared: true });
      const { machine } = end;
      const writer = new library.SharedWriter(buffer, settings, { index, machine });
      for (const number of numbers) {
        while (writer.claim(LENGTH) < 0) {
          end.wait.untilSync(() => writer.findRoom(LENGTH), Infinity);
        }
        writer.write(new Uint8Array(LENGTH).fill(number));
        end.receiver.wake();
        end.senders.wake();
        await run.rest([writer, end, number]);
      }
    },
  };
}

/** A receiver of a ring. It notes the bytes of each message. */
export function orderReceiver(
  library: ArmLibrary,
  { settings, count }: { readonly settings: RingSettings; readonly count: number },
): Part {
  return {
    first: true,
    script: async (_, run, buffer) => {
      const end = ringEnd(library, run, buffer, { who: "receiver" });
      const reader = new library.RingReader(buffer, settings);
      run.note("there");
      for (let received = 0; received < count; received++) {
        let offset = reader.next();
        while (offset < 0) {
          end.wait.untilSync(() => reader.look(), Infinity);
          offset = reader.next();
        }
        const message = reader.ring.slice(offset, offset + reader.length);
        run.note(`received ${[...new Set(message)].join(" ")}`);
        reader.advance();
        reader.publish();
        end.senders.wake();
        await run.rest([reader, end, received]);
      }
    },
  };
}

/** The settings of a broadcast ring that two messages fill. */
export const BROADCAST = { capacity: 64, maxMessageLength: 4 } as const;

/** A sender of a broadcast ring. Each message is its own number. */
export function orderBroadcaster(library: ArmLibrary, { count }: { count: number }): Part {
  return {
    script: async (_, run, buffer) => {
      const writer = new library.BroadcastWriter(buffer, BROADCAST);
      for (let sent = 0; sent < count; sent++) {
        writer.write(new Uint8Array(Int32Array.of(writer.count).buffer));
        await run.rest([writer, sent]);
      }
    },
  };
}

/** A receiver of a broadcast ring. It notes the numbers and the bytes of messages. */
export function orderBroadcastReader(library: ArmLibrary, { takes }: { takes: number }): Part {
  return {
    first: true,
    onlyLoads: true,
    script: async (_, run, buffer) => {
      const reader = new library.BroadcastReader(buffer, BROADCAST);
      run.note("there");
      for (let take = 0, number = 1; take < takes; take++) {
        const message = reader.take();
        if (message !== undefined) {
          number += message.missed + 1;
          run.note(`received ${number} ${new DataView(message.bytes.buffer).getInt32(0, true)}`);
        }
        await run.rest([reader, take, number]);
      }
    },
  };
}

/** The length of latest values in words. */
export const VALUE_WORDS = 2;

/**
 * A writer of a latest value. The words of each value are its number. With `newest`, it first stores
 * that number as the newest one.
 */
export function orderPublisher(
  library: ArmLibrary,
  { count, newest }: { count: number; newest?: number },
): Part {
  return {
    script: async (_, run, buffer) => {
      if (newest !== undefined) Atomics.store(new Int32Array(buffer), NEWEST, newest);
      const slots = new library.LatestSlots(buffer, SLOTS_AT, VALUE_WORDS);
      // A look at the newest number before each value would be an acquire.
      const first = slots.newest + 1;
      for (let number = first; number < first + count; number++) {
        slots.publish(new Int32Array(VALUE_WORDS).fill(number));
        await run.rest([slots, number]);
      }
    },
  };
}

/** Offset of the newest number in scenarios with latest values. */
export const SLOTS_AT = 128;
/** Index of the newest number in scenarios with latest values. */
export const NEWEST: number = SLOTS_AT / 4;

/** A reader of a latest value. It notes the number and the words of each copy. */
export function orderCopier(library: ArmLibrary, { count }: { count: number }): Part {
  return {
    onlyLoads: true,
    script: async (_, run, buffer) => {
      const slots = new library.LatestSlots(buffer, SLOTS_AT, VALUE_WORDS);
      const value = new Int32Array(VALUE_WORDS);
      for (let copied = 0; copied < count; copied++) {
        const number = slots.copy(value);
        run.note(`read ${number} ${value.join(" ")}`);
        await run.rest([slots, copied]);
      }
    },
  };
}

/** A writer that publishes a latest value, and wakes the readers. */
export function orderWaker(library: ArmLibrary, { count }: { count: number }): Part {
  return {
    script: (_, run, buffer) => {
      const { slots, wakeEvents } = latestParts(library, run, buffer);
      for (let number = 1; number <= count; number++) {
        slots.publish(Int32Array.of(number));
        wakeEvents.wakeAll();
      }
    },
  };
}

/** A writer that sends a message to a broadcast ring, and wakes the receivers. */
export function orderSleeper(library: ArmLibrary, { until }: { until: number }): Part {
  return {
    script: async (_, run, buffer) => {
      const { slots, wakeEvents, machine } = latestParts(library, run, buffer);
      using wakeFlag = wakeEvents.take();
      const wait = new library.EndWait({ buffer, wakeFlag, peer: ALIVE, machine });
      const value = new Int32Array(1);
      for (let seen = 0; seen < until;) {
        wait.untilSync(() => slots.newest !== seen, Infinity);
        seen = slots.copy(value);
        run.note(`read ${seen} ${value[0]}`);
        await run.rest([wakeFlag, wait, seen]);
      }
    },
  };
}

function latestParts(library: ArmLibrary, run: Run, buffer: ArrayBuffer) {
  const machine = library.machineOf(run, library);
  const { WakeEvents, WAKE_WORDS } = library.wakeEvents;
  const wakeEvents = new WakeEvents(new Int32Array(buffer, 0, WAKE_WORDS), "value", { machine });
  const slots = new library.LatestSlots(buffer, SLOTS_AT, 1);
  return { machine, wakeEvents, slots };
}

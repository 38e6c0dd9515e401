/**
 * Scripts that use a latest value or a broadcast ring, for scenarios.
 *
 * @module
 */

import {
  type BroadcastSettings,
  HEADER_LENGTH,
  WAKE_BITS_OFFSET,
} from "../../../src/channel/broadcast/layout.ts";
import type { BroadcastEndOptions } from "../../../src/channel/broadcast/sender.ts";
import {
  type LatestParts,
  SLOTS_OFFSET,
  WAKE_BITS_OFFSET as LATEST_WAKE_BITS_OFFSET,
} from "../../../src/channel/latest/layout.ts";
import type { WhenWriterGone } from "../../../src/channel/latest/reader.ts";
import type { Part } from "./explore.ts";
import type { Machine } from "../../../src/channel/peer/machine.ts";
import type { Library } from "./library.ts";

/** The beginning and the end of a script. */
export interface Presence extends Pick<Part, "killable" | "first" | "whole" | "after"> {
  /** Whether the script leaves its end open after its work. @default false */
  stays?: boolean;
}

/** Options of a script with a writer or a sender. */
export interface Publishing extends Presence {
  /** The values or messages. */
  numbers: readonly number[];
}

/** Options of a script with a reader of a latest value. */
export interface Reading extends Presence {
  /** The reader closes after this value, or a later one. @default after the end of the iteration */
  until?: number;
  /** The option of {@linkcode LatestReader.changes}. */
  whenWriterGone?: WhenWriterGone;
}

/** The settings of broadcast rings in scenarios. A message of one byte is published by itself. */
export const SETTINGS: BroadcastSettings = { capacity: 256, maxMessageLength: 16 };

/** A writer, which notes the values that it has published. */
export function writer({ numbers, stays, ...rest }: Publishing): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      const { LatestPublisher } = library.latestPublisher;
      using publisher = new LatestPublisher(partsOf(library, machine, buffer));
      run.note("there");
      for (const number of numbers) {
        publisher.publish(Int32Array.of(number));
        run.note(`sent ${number}`);
      }
      if (stays) await run.stay();
    },
  };
}

/** A reader, which notes the values that it has read, and how the iteration has ended. */
export function reader({ until = Infinity, whenWriterGone = "end", ...rest }: Reading): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      const machine = library.machineOf(run, library);
      const { LatestChanges } = library.latestReader;
      using reader = new LatestChanges("value", partsOf(library, machine, buffer));
      const words = new Int32Array(1);
      run.note("there");
      run.restInWaits(() => [reader, machine]);
      try {
        for await (const number of reader.changes(words, () => words[0]!, { whenWriterGone })) {
          run.note(`received ${number}`);
          if (run.canRest(machine)) await run.rest([reader, machine]);
          if (number >= until) return;
        }
        run.note("end");
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        run.note("reset");
      }
    },
  };
}

/** A sender of a broadcast ring, which notes the messages that it has sent. */
export function broadcastSender({ numbers, stays, ...rest }: Publishing): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      using sender = library.broadcastSender.openSender(endOf(library, machine, buffer));
      run.note("there");
      for (const number of numbers) {
        sender.send(Uint8Array.of(number));
        run.note(`sent ${number}`);
      }
      if (stays) await run.stay();
    },
  };
}

/** Options of a script with a receiver of a broadcast ring. */
export interface Receiving extends Presence {
  /** Whether the script awaits promises or blocks. */
  way: "await" | "Sync";
  /**
   * The receiver closes after this message, or a later one. @default after the end of the stream
   */
  until?: number;
}

/** A receiver of a broadcast ring, which notes the messages, and how the stream has ended. */
export function broadcastReceiver({ way, until = Infinity, ...rest }: Receiving): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      const machine = library.machineOf(run, library);
      using receiver = library.broadcastReceiver.openReceiver(endOf(library, machine, buffer));
      run.note("there");
      run.restInWaits(() => [receiver, machine]);
      try {
        for (;;) {
          const message = way === "Sync" ? receiver.receiveSync() : await receiver.receive();
          if (message === undefined) return run.note("end");
          run.note(`received ${message.bytes[0]}`);
          if (run.canRest(machine)) await run.rest([receiver, machine]);
          if (message.bytes[0]! >= until) return;
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        run.note("reset");
      }
    },
  };
}

/** Index of the word with the number that readers wait for. */
const NUMBER = SLOTS_OFFSET / 4;

/** A script that publishes numbers, wakes the readers, and stays. */
export function publisher({ numbers, ...rest }: Publishing): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      const machine = library.machineOf(run, library);
      const { wakeEvents } = partsOf(library, machine, buffer);
      const words = new Int32Array(buffer);
      for (const number of numbers) {
        Atomics.store(words, NUMBER, number);
        wakeEvents.wakeAll();
        run.note(`published ${number}`);
      }
      await run.stay();
    },
  };
}

/** A script that has only a wake event. It sleeps until a number is published, and leaves. */
export function bareWakeEvent({ until, ...rest }: Presence & { until: number }): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      const machine = library.machineOf(run, library);
      using wakeEvent = partsOf(library, machine, buffer).wakeEvents.take();
      run.restInWaits(() => wakeEvent);
      const words = new Int32Array(buffer);
      for (;;) {
        wakeEvent.raise();
        if (Atomics.load(words, NUMBER) >= until) break;
        await wakeEvent.event.wait();
      }
      run.note("left");
    },
  };
}

function partsOf(library: Library, machine: Machine, buffer: ArrayBuffer): LatestParts {
  const { WakeEvents, WAKE_WORDS } = library.wakeEvents;
  const bits = new Int32Array(buffer, LATEST_WAKE_BITS_OFFSET, WAKE_WORDS);
  const wakeEvents = new WakeEvents(bits, "value", { machine });
  const options = { name: "value", length: 1, machine };
  return { ...library.latestLayout.partsOf(buffer, options), wakeEvents };
}

function endOf(library: Library, machine: Machine, buffer: ArrayBuffer): BroadcastEndOptions {
  const { WakeEvents, WAKE_WORDS } = library.wakeEvents;
  const bits = new Int32Array(buffer, WAKE_BITS_OFFSET, WAKE_WORDS);
  const ring = new Uint8Array(buffer, HEADER_LENGTH, SETTINGS.capacity);
  const wakeEvents = new WakeEvents(bits, "ring", { machine });
  return { buffer, ring, settings: SETTINGS, wakeEvents, machine };
}

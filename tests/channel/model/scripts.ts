/**
 * Scripts that use a channel, for scenarios.
 *
 * @module
 */

import { HEADER_LENGTH, type RingSettings } from "../../../src/channel/ring/layout.ts";
import type { RingReceiver } from "../../../src/channel/ring/receiver.ts";
import type { RingSender } from "../../../src/channel/ring/sender.ts";
import type { Part } from "./explore.ts";
import type { Machine } from "../../../src/channel/peer/machine.ts";
import { eventOf } from "./machine.ts";
import { EVENTS, type Run } from "./run.ts";

/** Options of a script with one end. */
export interface EndOfScenario {
  /** The settings of the ring. */
  settings: RingSettings;
  /** Whether the script awaits promises or blocks. */
  way: "await" | "Sync";
  /** The moment from which the process can be killed at any step. @default never */
  killable?: NonNullable<Part["killable"]>;
  /** Whether the script leaves its end open after its work. @default false */
  stays?: boolean;
  /** The id of a process; the script begins after the end of that process. @default at once */
  after?: number;
  /** Whether the other scripts wait until this script has opened its end. @default false */
  first?: boolean;
}

/** Options of a script with a sender. */
export interface SenderOfScenario extends EndOfScenario {
  /** The first byte of each message. */
  numbers: readonly number[];
  /** The length of each message in bytes. */
  byteLength: number;
}

/** A sender, which notes the messages that it has sent, and whether the receiver is gone. */
export function sender(
  { settings, way, numbers, byteLength, stays, ...rest }: SenderOfScenario,
): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      using sender = library.ringSender.openSender(endOptions(run, machine, buffer, settings));
      run.note("there");
      if (run.canRest(machine)) await run.rest([sender, machine]);
      try {
        for (const number of numbers) {
          const message = new Uint8Array(byteLength).fill(number);
          if (way === "Sync") sender.sendSync(message);
          else await sender.send(message);
          run.note(`sent ${number}`);
          if (run.canRest(machine)) await run.rest([sender, machine]);
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        run.note("nobody");
      }
      if (stays) await run.stay();
    },
  };
}

/** A sender that writes messages in place. It aborts each message once before it sends it. */
export function claimingSender({ settings, numbers, byteLength, ...rest }: SenderOfScenario): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      const machine = library.machineOf(run, library);
      using sender = library.ringSender.openSender(endOptions(run, machine, buffer, settings));
      run.note("there");
      for (const number of numbers) {
        sender.ring.set(new Uint8Array(byteLength).fill(0xff), claim(sender, byteLength));
        sender.abort();
        sender.ring.set(new Uint8Array(byteLength).fill(number), claim(sender, byteLength));
        sender.commit();
        run.note(`sent ${number}`);
      }
      sender.flush();
      if (run.canRest(machine)) await run.rest([sender, machine]);
    },
  };
}

function claim(sender: RingSender, byteLength: number): number {
  let offset = sender.claimAt(byteLength);
  while (offset < 0) {
    sender.waitForRoomSync(byteLength);
    offset = sender.claimAt(byteLength);
  }
  return offset;
}

/** Options of a script with a receiver. */
export interface ReceiverOfScenario extends EndOfScenario {
  /** The number of messages after which the receiver closes. @default Infinity */
  most?: number;
}

/** A receiver, which notes the messages that it has received, and how the stream has ended. */
export function receiver(
  { way, most = Infinity, stays, ...rest }: ReceiverOfScenario,
): Part {
  return receiving(rest, async (receiver, run, machine) => {
    try {
      for (let count = 0; count < most; count++) {
        const message = way === "Sync" ? receiver.receiveSync() : await receiver.receive();
        if (message === undefined) return run.note("end");
        run.note(`received ${message[0]}`);
        if (run.canRest(machine)) await run.rest([receiver, machine]);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      run.note("reset");
    }
    if (stays) await run.stay();
  });
}

/** A receiver that reads messages in place, and notes them. */
export function readingReceiver(options: Omit<EndOfScenario, "way" | "stays">): Part {
  return receiving(options, async (receiver, run, machine) => {
    while (receiver.waitForMessageSync()) {
      receiver.readAt((ring, offset) => run.note(`received ${ring[offset]}`));
      if (run.canRest(machine)) await run.rest([receiver, machine]);
    }
    run.note("end");
  });
}

/** Options of a script that peeks. */
export interface PeekerOfScenario extends EndOfScenario {
  /** The number of messages after which the receiver releases the oldest one. @default 1 */
  ahead?: number;
}

/**
 * A receiver that peeks at messages, and releases each one after it has noted the message. It notes
 * the number, too, and that it is stuck if a sender waits for room that it does not release.
 */
export function peeker({ way, ahead = 1, ...rest }: PeekerOfScenario): Part {
  return receiving(rest, async (receiver, run, machine) => {
    try {
      for (;;) {
        const peeked = way === "Sync" ? receiver.peekSync() : await receiver.peek();
        if (peeked === undefined) break;
        run.note(`received ${peeked.message[0]} #${peeked.number}`);
        if (receiver.unreleased >= ahead) receiver.release(1);
        if (run.canRest(machine)) await run.rest([receiver, machine]);
      }
    } catch (error) {
      if (error instanceof Deno.errors.Busy) return run.note("stuck");
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return run.note("reset");
    }
    receiver.release(receiver.unreleased);
    run.note("end");
  });
}

/** Returns a script that opens a receiver and calls `work`. */
function receiving(
  { settings, ...rest }: Omit<EndOfScenario, "way" | "stays">,
  work: (receiver: RingReceiver, run: Run, machine: Machine) => Promise<void>,
): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      using receiver = library.ringReceiver.openReceiver(
        endOptions(run, machine, buffer, settings),
      );
      run.note("there");
      if (run.canRest(machine)) await run.rest([receiver, machine]);
      await work(receiver, run, machine);
    },
  };
}

function endOptions(run: Run, machine: Machine, buffer: ArrayBuffer, settings: RingSettings) {
  return {
    buffer,
    ring: new Uint8Array(buffer, HEADER_LENGTH, settings.capacity),
    settings,
    data: eventOf(run, EVENTS.data),
    space: eventOf(run, EVENTS.space),
    machine,
  };
}

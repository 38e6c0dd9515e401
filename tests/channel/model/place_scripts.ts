/**
 * Scripts that take a place after another script, for scenarios about the order of memory accesses.
 *
 * @module
 */

import {
  type BroadcastSettings,
  headerWordsOf as broadcastHeaderOf,
  SENDER as BROADCAST_SENDER,
} from "../../../src/channel/broadcast/layout.ts";
import { type HeaderWords, type Place, processOwner } from "../../../src/channel/peer/place.ts";
import {
  headerWordsOf,
  RECEIVER,
  type RingSettings,
  SENDER,
} from "../../../src/channel/ring/layout.ts";
import type { Part } from "./explore.ts";
import { START_TIME } from "./machine.ts";
import { LENGTH, SLOTS_AT, VALUE_WORDS } from "./order_scripts.ts";
import type { ArmLibrary } from "./order_library.ts";
import type { Run } from "./run.ts";

/** Returns the owner's id of a script. */
export function ownerOf(pid: number): bigint {
  return processOwner(pid, START_TIME);
}

/** A script that does nothing until it is killed. */
export const DYING: Part = { killable: "from the start", script: (_, run) => run.stay() };

/** The moments of a script in a scenario. */
export type Moments = Pick<Part, "first" | "killable" | "after">;

/** A script that takes a place, and leaves it after its work, unless another script has the place. */
function inPlace(
  library: ArmLibrary,
  { headerOf, place, ...moments }: Moments & {
    readonly headerOf: (buffer: ArrayBuffer) => HeaderWords;
    readonly place: Place;
  },
  work: (run: Run, buffer: ArrayBuffer) => void,
): Part {
  return {
    ...moments,
    script: async (_, run, buffer) => {
      if (moments.after !== undefined) await run.whenEnded(moments.after);
      const options = { who: "end", machine: library.machineOf(run, library) };
      const header = headerOf(buffer);
      try {
        library.takePlace(header, place, options);
      } catch (error) {
        if (!(error instanceof Deno.errors.Busy)) throw error;
        return;
      }
      work(run, buffer);
      library.leavePlace(header, place, options);
    },
  };
}

/** The only sender of a ring. It notes each message that it has committed. */
export function nextSender(
  library: ArmLibrary,
  { settings, number, ...moments }: Moments & {
    readonly settings: RingSettings;
    readonly number: number;
  },
): Part {
  return inPlace(library, { headerOf: headerWordsOf, place: SENDER, ...moments }, (run, buffer) => {
    const writer = new library.RingWriter(buffer, settings);
    run.note("there");
    if (writer.claim(LENGTH) < 0) throw new Error("The ring has no room");
    writer.write(new Uint8Array(LENGTH).fill(number));
    run.note(`sent ${number}`);
    writer.publish();
  });
}

/** A receiver of a ring, which notes the message that it has received, and when it has advanced. */
export function nextReceiver(
  library: ArmLibrary,
  { settings, ...moments }: Moments & { readonly settings: RingSettings },
): Part {
  return inPlace(
    library,
    { headerOf: headerWordsOf, place: RECEIVER, ...moments },
    (run, buffer) => {
      const reader = new library.RingReader(buffer, settings);
      run.note("there");
      const offset = reader.next();
      if (offset < 0) throw new Error("The ring is empty");
      const message = reader.ring.slice(offset, offset + reader.length);
      run.note(`received ${[...new Set(message)].join(" ")}`);
      reader.advance();
      run.note("advanced");
      reader.publish();
    },
  );
}

/**
 * A receiver that looks at a ring and at its sender. It notes the messages, and whether the sender
 * has closed its end or has died, and all messages are received.
 */
export function endingReceiver(
  library: ArmLibrary,
  { settings, looks, ...moments }: Moments & {
    readonly settings: RingSettings;
    readonly looks: number;
  },
): Part {
  return {
    ...moments,
    script: async (_, run, buffer) => {
      if (moments.after !== undefined) await run.whenEnded(moments.after);
      const machine = library.machineOf(run, library);
      const options = { ended: () => {}, machine };
      const peer = new library.PeerLiveness(headerWordsOf(buffer), SENDER, options);
      const reader = new library.RingReader(buffer, settings);
      for (let look = 0; look < looks; look++) {
        for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
          const message = reader.ring.slice(offset, offset + reader.length);
          run.note(`received ${[...new Set(message)].join(" ")}`);
          reader.advance();
        }
        peer.checkNowAndThen();
        const state = peer.look();
        if (state === "closed" && !reader.look()) return run.note("closed");
        if (state === "dead" && !reader.recover(() => peer.isSame())) return run.note("dead");
      }
    },
  };
}

/** The only sender of a broadcast ring. Its message is the message's number. */
export function nextBroadcaster(
  library: ArmLibrary,
  { settings, ...moments }: Moments & { readonly settings: BroadcastSettings },
): Part {
  const options = { headerOf: broadcastHeaderOf, place: BROADCAST_SENDER, ...moments };
  return inPlace(library, options, (run, buffer) => {
    const writer = new library.BroadcastWriter(buffer, settings);
    run.note("there");
    writer.write(new Uint8Array(Int32Array.of(writer.count).buffer));
    run.note(`sent ${writer.count - 1}`);
    writer.publish();
  });
}

/** A writer of a latest value that comes after the death of another one. */
export function nextPublisher(library: ArmLibrary, moments: Moments): Part {
  return {
    ...moments,
    script: async (_, run, buffer) => {
      if (moments.after !== undefined) await run.whenEnded(moments.after);
      const slots = new library.LatestSlots(buffer, SLOTS_AT, VALUE_WORDS);
      run.note("there");
      const number = slots.newest + 1;
      slots.publish(new Int32Array(VALUE_WORDS).fill(number));
    },
  };
}

/**
 * Scripts that use a latest frame, for scenarios.
 *
 * @module
 */

import {
  type FrameHead,
  type FrameSettings,
  type FrameSlots,
  HEAD_WORDS,
  METADATA_OFFSET,
  NEWEST,
  READER_LENGTH,
  READERS_OFFSET,
  type SlotSizes,
} from "../../../src/channel/frame/layout.ts";
import type { Part } from "./explore.ts";
import type { Library } from "./library.ts";
import type { Presence } from "./wake_scripts.ts";

/** The length of the frames in scenarios: two words. */
const BYTE_LENGTH = 8;

/** The sizes of the memory in a scenario. */
export type Sizes = Pick<FrameSettings, "slots" | "maxReaders">;

/** Returns the sizes of slots, which are much shorter than those of the library. */
export function slotSizesOf({ maxReaders }: Sizes): SlotSizes {
  const first = READERS_OFFSET + maxReaders * READER_LENGTH;
  return { first, stride: METADATA_OFFSET + BYTE_LENGTH, head: METADATA_OFFSET };
}

/** Returns memory in which the frame 1 is the newest one, in the slot 0. */
export function memoryOf(sizes: Sizes): Int32Array<ArrayBuffer> {
  const { first, stride, head } = slotSizesOf(sizes);
  const words = new Int32Array((first + sizes.slots * stride) / 4);
  words[NEWEST] = 1;
  words[first / 4] = 1;
  for (const word of constantsOf(sizes).lengths) words[word] = BYTE_LENGTH;
  words.fill(1, (first + head) / 4, (first + head + BYTE_LENGTH) / 4);
  return words;
}

/** Returns the words of the slots' heads that have the same value in all frames. */
export function constantsOf(sizes: Sizes): { lengths: number[]; zeros: number[] } {
  const { first, stride } = slotSizesOf(sizes);
  const heads = Array.from({ length: sizes.slots }, (_, slot) => (first + slot * stride) / 4);
  return {
    lengths: heads.map((head) => head + 2),
    zeros: heads.flatMap((head) => [head + 1, head + 3]),
  };
}

/** Options of a script that uses a latest frame. */
export interface Framing extends Presence {
  readonly sizes: Sizes;
}

/** A writer, which notes the frames that it has published or dropped. */
export function frameWriter(
  { count, sizes, ...rest }: Framing & { count: number },
): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      const slots = slotsOf(library, buffer, sizes);
      const room = new library.frameWriter.FrameRoom({ slots, machine });
      const head = new Int32Array(HEAD_WORDS);
      run.note("there");
      for (let claim = 0; claim < count; claim++) {
        const slot = room.claim();
        if (slot < 0) {
          run.note("dropped");
          continue;
        }
        const { nextNumber: number } = room;
        const bytes = slots.bytesOf(slot);
        bytes[0] = number;
        bytes[4] = number;
        const next: FrameHead = { number, length: BYTE_LENGTH, metadataLength: 0 };
        library.frameLayout.headWords(head, next);
        room.publish(head);
        run.note(`published ${number}`);
      }
    },
  };
}

/** Options of a script with a reader. */
export interface FrameReading extends Framing {
  /** The number of frames that it acquires. */
  readonly count: number;
  /** Whether it ends without an error if another reader has the place. @default false */
  readonly mayBeBusy?: boolean;
}

/** A reader, which notes the numbers that it finds in each frame: they must be the same. */
export function frameReader({ count, sizes, stays, mayBeBusy, ...rest }: FrameReading): Part {
  return {
    ...rest,
    script: async (library, run, buffer) => {
      if (rest.after !== undefined) await run.whenEnded(rest.after);
      const machine = library.machineOf(run, library);
      const slots = slotsOf(library, buffer, sizes);
      using pin = open(() => new library.frameReader.FramePin({ slots, machine }), mayBeBusy);
      if (pin === undefined) return;
      run.note("there");
      for (let acquired = 0; acquired < count; acquired++) {
        const slot = pin.pin();
        const { number } = slots.readHead(slot);
        const bytes = slots.bytesOf(slot);
        run.note(`read ${number} ${bytes[0]} ${bytes[4]}`);
        if (stays) await run.stay();
        pin.unpin();
      }
      if (stays) await run.stay();
    },
  };
}

function open<T>(create: () => T, mayBeBusy = false): T | undefined {
  try {
    return create();
  } catch (error) {
    if (mayBeBusy && error instanceof Deno.errors.Busy) return undefined;
    throw error;
  }
}

function slotsOf(library: Library, buffer: ArrayBuffer, sizes: Sizes): FrameSlots {
  return new library.frameLayout.FrameSlots({
    buffer,
    shown: buffer,
    settings: { ...sizes, byteLength: BYTE_LENGTH },
    sizes: slotSizesOf(sizes),
  });
}

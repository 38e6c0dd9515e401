/**
 * Receives the frames of many producers, and checks that each arrives once, whole and in the order
 * of its producer. Tasks:
 *
 * - `open NAME`: creates the channel, and the event `NAME-go`.
 * - `collect PRODUCERS FRAMES`: sets the event, and receives FRAMES frames of each producer. Returns
 *   the time of a frame in nanoseconds.
 *
 * @module
 */

import { RingChannel, type RingReceiver } from "../../../../src/channel/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { FRAME_WORDS, isWhole } from "./producer_frame.ts";
import { now, PATIENCE, serve } from "./serve.ts";

let opened: { channel: RingChannel; receiver: RingReceiver; go: SharedEvent } | undefined;

await serve({
  open(name) {
    opened?.channel.close();
    opened?.go.close();
    const channel = RingChannel.create(name!, { producers: "multiple", endsWithLastSender: false });
    const go = SharedEvent.create(`${name}-go`, { reset: "manual" });
    opened = { channel, receiver: channel.receiver(), go };
    return [];
  },
  collect(producers, frames) {
    return [collect(Number(producers), Number(frames))];
  },
});

function collect(producers: number, frames: number): number {
  const { receiver, go } = opened!;
  const { buffer, byteOffset, length } = receiver.ring;
  const words = new Int32Array(buffer, byteOffset, length >> 2);
  /** The number of the next frame of each producer. */
  const next = new Map<number, number>();
  const visit = (_ring: Uint8Array, offset: number, length: number) => {
    const producer = words[offset >> 2]!;
    const number = words[(offset >> 2) + 1]!;
    const wanted = next.get(producer) ?? 0;
    if (length !== 4 * FRAME_WORDS || number !== wanted || !isWhole(words, offset >> 2)) {
      throw new Deno.errors.InvalidData(
        `Expected frame ${wanted} of producer ${producer}, got a damaged or another frame`,
      );
    }
    next.set(producer, number + 1);
  };
  go.set();
  receiver.waitForMessageSync(PATIENCE);
  const start = now();
  for (let left = producers * frames; left > 0;) {
    receiver.waitForMessageSync(PATIENCE);
    left -= receiver.readAt(visit);
  }
  const nanoseconds = (now() - start) / (producers * frames - 1);
  go.reset();
  if (next.size !== producers || [...next.values()].some((count) => count !== frames)) {
    throw new Deno.errors.InvalidData(`Expected ${frames} frames of ${producers} producers each`);
  }
  return nanoseconds;
}

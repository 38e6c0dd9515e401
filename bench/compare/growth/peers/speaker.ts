/**
 * Sends frames to the receivers of a broadcast. Tasks:
 *
 * - `open NAME`: creates the ring, and the memory and the event of `lead`.
 * - `lead WINDOWS FRAMES`: sends windows of frames. After each window, it waits for the event
 *   `NAME-all`, which the last receiver sets. Returns the time of a frame in nanoseconds.
 * - `speak FRAMES`: sends frames as fast as it can, and returns the time of a frame in nanoseconds.
 *
 * @module
 */

import { BroadcastRing, type BroadcastSender } from "../../../../src/channel/mod.ts";
import { SharedMemory } from "../../../../src/memory/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { stamp } from "./frame.ts";
import { now, PATIENCE, serve } from "./serve.ts";

const frame = new Uint8Array(64);
let opened: { parts: DisposableStack; sender: BroadcastSender; all: SharedEvent } | undefined;

await serve({
  open(name) {
    opened?.parts.dispose();
    using stack = new DisposableStack();
    const sender = stack.use(stack.use(BroadcastRing.create(name!)).sender());
    stack.use(SharedMemory.create(`${name}-count`, 4));
    const all = stack.use(SharedEvent.create(`${name}-all`));
    opened = { parts: stack.move(), sender, all };
    return [];
  },
  lead(windows, frames) {
    const { sender, all } = opened!;
    const count = Number(windows) * Number(frames);
    const start = now();
    for (let number = 0; number < count; number += Number(frames)) {
      send(sender, number, number + Number(frames));
      all.waitSync(PATIENCE);
    }
    return [(now() - start) / count];
  },
  speak(frames) {
    const { sender } = opened!;
    const start = now();
    send(sender, 0, Number(frames));
    return [(now() - start) / Number(frames)];
  },
});

function send(sender: BroadcastSender, from: number, to: number): void {
  for (let number = from; number < to; number++) {
    stamp(frame, number);
    sender.send(frame);
  }
  sender.flush();
}

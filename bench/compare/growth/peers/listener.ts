/**
 * A Worker that receives the frames of speaker.ts. Tasks:
 *
 * - `open NAME`: opens a receiver.
 * - `follow WINDOWS FRAMES RECEIVERS`: answers. Then it receives all frames of all windows. The last
 *   receiver of a window sets the event `NAME-all`.
 * - `hear FRAMES`: answers. Then it receives until the last frame, and can miss others.
 * - `settle`: answers with the number of received frames, when all have come.
 *
 * @module
 */

import { type BroadcastReceiver, BroadcastRing } from "../../../../src/channel/mod.ts";
import { SharedMemory } from "../../../../src/memory/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { work } from "./crew_member.ts";
import { check } from "./frame.ts";
import { PATIENCE } from "./serve.ts";

const LENGTH = 64;

let opened: {
  parts: DisposableStack;
  receiver: BroadcastReceiver;
  count: Int32Array<ArrayBuffer>;
  all: SharedEvent;
} | undefined;
let received = 0;

work({
  open(answer, name) {
    opened?.parts.dispose();
    using stack = new DisposableStack();
    const receiver = stack.use(stack.use(BroadcastRing.open(name!)).receiver());
    const memory = stack.use(SharedMemory.open(`${name}-count`, { access: "readwrite" }));
    const count = new Int32Array(stack.use(memory.map()).buffer);
    const all = stack.use(SharedEvent.open(`${name}-all`));
    opened = { parts: stack.move(), receiver, count, all };
    answer(0);
  },
  follow(answer, windows, frames, receivers) {
    answer(0);
    const { count, all } = opened!;
    for (let window = 0; window < Number(windows); window++) {
      receive(window * Number(frames), Number(frames), false);
      if ((Atomics.add(count, 0, 1) + 1) % Number(receivers) === 0) all.set();
    }
  },
  hear(answer, frames) {
    answer(0);
    receive(0, Number(frames), true);
  },
  settle(answer) {
    answer(received);
  },
});

/** Receives the frames from number `from` on. */
function receive(from: number, frames: number, canMiss: boolean): void {
  received = 0;
  for (let number = from; number < from + frames; number++) {
    const message = opened!.receiver.receiveSync(PATIENCE);
    if (message === undefined) throw new Error("Expected further frames, got the end of the ring");
    number += message.missed;
    if (message.missed > 0 && !canMiss) throw new Error(`Missed ${message.missed} frames`);
    check(message.bytes, LENGTH, number);
    received++;
  }
}

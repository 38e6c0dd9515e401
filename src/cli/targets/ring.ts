/**
 * Rings as targets.
 *
 * @module
 */

import { RingChannel } from "../../channel/mod.ts";
import { openUntyped } from "./untyped.ts";
import { pause } from "../waiting/pause.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

const LAYOUT_ADVICE = "winipc sends and listens without a layout only; a script can use the layout";

/** The time between two looks whether the receiver is gone, in milliseconds. */
const LOOK_INTERVAL = 200;

/** Takes a sender's place of a ring. */
export function openRingSink(name: string): Sink {
  using stack = new DisposableStack();
  const channel = stack.use(openUntyped(() => RingChannel.open(name), LAYOUT_ADVICE));
  const sender = stack.use(channel.sender());
  const opened = stack.move();
  return {
    async send({ bytes }, wait) {
      const isSent = await sender.send(bytes, wait);
      if (!isSent) {
        throw new Error(`The ring ${channel.name} is full, and drops messages then (whenFull)`);
      }
      sender.flush();
    },
    async whenGone(signal) {
      for (;;) {
        await sender.waitForRoom(0, { signal });
        await pause(LOOK_INTERVAL, signal);
      }
    },
    close: () => opened.dispose(),
  };
}

/** Takes the receiver's place of a ring. A message leaves the ring when it is confirmed. */
export function openRingSource(name: string): Source {
  using stack = new DisposableStack();
  const channel = stack.use(openUntyped(() => RingChannel.open(name), LAYOUT_ADVICE));
  const receiver = stack.use(channel.receiver());
  const opened = stack.move();
  return {
    ending: "its sender is closed",
    async next(signal) {
      const peeked = await receiver.peek({ signal });
      return peeked && { bytes: peeked.message, confirm: () => receiver.release(1) };
    },
    close: () => opened.dispose(),
  };
}

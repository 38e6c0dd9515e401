/**
 * Broadcast rings as targets.
 *
 * @module
 */

import { BroadcastRing } from "../../channel/mod.ts";
import { openUntyped } from "./untyped.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

const LAYOUT_ADVICE = "winipc sends and listens without a layout only; winipc tail prints structs";

/** Takes the sender's place of a broadcast ring. */
export function openBroadcastSink(name: string): Sink {
  using stack = new DisposableStack();
  const ring = stack.use(openUntyped(() => BroadcastRing.open(name), LAYOUT_ADVICE));
  const sender = stack.use(ring.sender());
  const opened = stack.move();
  return {
    send({ bytes }) {
      sender.send(bytes);
      sender.flush();
    },
    close: () => opened.dispose(),
  };
}

/** Joins a broadcast ring as one more receiver. */
export function openBroadcastSource(name: string): Source {
  using stack = new DisposableStack();
  const ring = stack.use(openUntyped(() => BroadcastRing.open(name), LAYOUT_ADVICE));
  const receiver = stack.use(ring.receiver());
  const opened = stack.move();
  return {
    ending: "its sender is closed",
    next: (signal) => receiver.receive({ signal }),
    close: () => opened.dispose(),
  };
}

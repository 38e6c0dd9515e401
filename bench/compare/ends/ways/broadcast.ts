/**
 * Two `BroadcastRing`s, one for each direction.
 *
 * @module
 */

import { type BroadcastReceiver, BroadcastRing, type BroadcastSender } from "../../../../mod.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { windowOf } from "../window.ts";

/** Capacity of each ring in bytes. A message can have an eighth of it. */
const CAPACITY = 2 ** 24;
const LIMIT = { timeout: PATIENCE };

/** Blocks the thread in `receiveSync()`. The far end creates both rings. */
export const broadcast: WayOfProgram = {
  open: (side, name) => new BroadcastLink(side, name),
};

class BroadcastLink implements Link {
  /** The sender never waits, and overwrites the oldest messages. */
  readonly window = windowOf;
  readonly #stack = new DisposableStack();
  readonly #sender: BroadcastSender;
  readonly #receiver: BroadcastReceiver;

  constructor(side: Side, name: string) {
    const open = (from: Side) => {
      const full = `${name}-from-${from}`;
      return this.#stack.use(
        side === "far"
          ? BroadcastRing.create(full, { capacity: CAPACITY })
          : BroadcastRing.open(full),
      );
    };
    this.#sender = this.#stack.use(open(side).sender());
    this.#receiver = this.#stack.use(open(side === "near" ? "far" : "near").receiver());
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#sender.send(frame);
  }

  receive(): Uint8Array {
    const message = this.#receiver.receiveSync(LIMIT);
    if (message === undefined) throw new Error("The peer has closed the ring");
    if (message.missed > 0) throw new Error(`The receiver missed ${message.missed} messages`);
    return message.bytes;
  }

  flush(): void {
    this.#sender.flush();
  }

  close(): void {
    this.#stack.dispose();
  }
}

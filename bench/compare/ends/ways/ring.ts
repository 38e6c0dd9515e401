/**
 * Two `RingChannel`s, one for each direction, in four ways.
 *
 * @module
 */

import {
  connectRing,
  listenRing,
  RingChannel,
  type RingReceiver,
  type RingSender,
} from "../../../../mod.ts";
import type { FrameVisitor, Link, Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { spinUntil } from "./spin.ts";

/** Capacity of each ring in bytes. A message can have half of it. */
const CAPACITY = 2 ** 22;
const LIMIT = { timeout: PATIENCE };

interface Ends extends Disposable {
  readonly sender: RingSender;
  readonly receiver: RingReceiver;
}

/** Spins, writes frames in place, and reads them in place. */
export const ringSpin: WayOfProgram = {
  open: (side, name) => new SpinLink(openEnds(side, name)),
};

/**
 * Blocks the thread in `sendSync()` and `receiveSync()`.
 *
 * A script cannot turn off the short spin before each sleep. An end spins less often after spins
 * that found nothing.
 */
export const ringSleep: WayOfProgram = {
  open: (side, name) => new SyncLink(openEnds(side, name)),
};

/** Awaits `send()` and `receive()`. */
export const ringAwait: WayOfProgram = {
  open: (side, name) => new AsyncLink(openEnds(side, name)),
};

/** Blocks the thread in the same calls. The channels come from the handshake of a pipe. */
export const ringPipe: WayOfProgram = {
  async open(side, name, ready) {
    if (side === "near") return new SyncLink(await connectRing(name, LIMIT));
    using listener = listenRing(name, { capacity: CAPACITY });
    ready();
    return new SyncLink(await listener.accept(LIMIT));
  },
};

/** Opens the ends of two named channels, which the far end creates. */
function openEnds(side: Side, name: string): Ends {
  const stack = new DisposableStack();
  const open = (direction: Side) => {
    const full = `${name}-from-${direction}`;
    const isFar = side === "far";
    return stack.use(
      isFar ? RingChannel.create(full, { capacity: CAPACITY }) : RingChannel.open(full),
    );
  };
  const [out, back] = [open(side), open(side === "near" ? "far" : "near")];
  const sender = stack.use(out.sender());
  const receiver = stack.use(back.receiver());
  return { sender, receiver, [Symbol.dispose]: () => stack.dispose() };
}

class SpinLink implements Link {
  readonly #ends: Ends;
  readonly #sender: RingSender;
  readonly #receiver: RingReceiver;
  readonly #ring: Uint8Array<ArrayBuffer>;
  #visit: FrameVisitor = () => {};
  readonly #reads = () => this.#receiver.readAt(this.#visit) > 0;

  constructor(ends: Ends) {
    this.#ends = ends;
    this.#sender = ends.sender;
    this.#receiver = ends.receiver;
    this.#ring = ends.sender.ring;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    let offset = this.#sender.claimAt(frame.length);
    if (offset < 0) {
      this.#sender.flush();
      spinUntil(() => (offset = this.#sender.claimAt(frame.length)) >= 0);
    }
    this.#ring.set(frame, offset);
    this.#sender.commit();
  }

  receive(): Uint8Array {
    let frame: Uint8Array | undefined;
    spinUntil(() => (frame = this.#receiver.tryReceive()) !== undefined);
    return frame!;
  }

  readAll(visit: FrameVisitor): void {
    this.#visit = visit;
    spinUntil(this.#reads);
  }

  flush(): void {
    this.#sender.flush();
  }

  close(): void {
    this.#ends[Symbol.dispose]();
  }
}

class SyncLink implements Link {
  readonly #ends: Ends;

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#ends.sender.sendSync(frame, LIMIT);
  }

  receive(): Uint8Array {
    return messageOf(this.#ends.receiver.receiveSync(LIMIT));
  }

  close(): void {
    this.#ends[Symbol.dispose]();
  }
}

class AsyncLink implements Link {
  readonly #ends: Ends;

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  send(frame: Uint8Array<ArrayBuffer>): Promise<unknown> {
    return this.#ends.sender.send(frame);
  }

  async receive(): Promise<Uint8Array> {
    return messageOf(await this.#ends.receiver.receive());
  }

  close(): void {
    this.#ends[Symbol.dispose]();
  }
}

function messageOf(message: Uint8Array | undefined): Uint8Array {
  if (message === undefined) throw new Error("The peer has closed the channel");
  return message;
}

/**
 * A slot for one frame in shared memory, in each direction.
 *
 * @module
 */

import type { Link, Side } from "../../link.ts";

/** Length of the longest frame, in bytes. */
const MAX_FRAME = 2 ** 20;
/** Bytes of a slot before the frame. The first word says whether the slot is filled. */
const HEADER = 64;
/** Bytes of a slot. */
const SLOT = HEADER + MAX_FRAME;

/** Bytes of both slots. */
export const SLOTS_LENGTH = SLOT * 2;

/** Waits for slots, and tells the peer that a slot has changed. */
export interface Turns {
  /** Waits until the slot for the frames of `from` is filled, or empty. */
  wait(from: Side, filled: boolean): void;
  /** Tells the peer that the slot for the frames of `from` is filled, or empty. */
  tell(from: Side, filled: boolean): void;
  /** Closes the memory. */
  close(): void | Promise<void>;
}

/** Returns the state words of the slots of both sides. */
export function slotWords({ buffer, byteOffset }: Uint8Array): Readonly<Record<Side, Int32Array>> {
  return {
    near: new Int32Array(buffer, byteOffset, 1),
    far: new Int32Array(buffer, byteOffset + SLOT, 1),
  };
}

/** A link over two slots. A frame stays in its slot until the next call. */
export class SlotLink implements Link {
  readonly #side: Side;
  readonly #peer: Side;
  readonly #out: Uint8Array;
  readonly #in: Uint8Array;
  readonly #turns: Turns;
  #received: Uint8Array;
  #holds = false;

  /** @param memory The memory of both slots. */
  constructor(side: Side, memory: Uint8Array, turns: Turns) {
    this.#side = side;
    this.#peer = side === "near" ? "far" : "near";
    const slots = {
      near: memory.subarray(HEADER, SLOT),
      far: memory.subarray(SLOT + HEADER, SLOT * 2),
    };
    this.#out = slots[this.#side];
    this.#in = slots[this.#peer];
    this.#received = this.#in;
    this.#turns = turns;
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#release();
    this.#turns.wait(this.#side, false);
    this.#out.set(frame);
    this.#turns.tell(this.#side, true);
  }

  receive(length: number): Uint8Array {
    this.#release();
    this.#turns.wait(this.#peer, true);
    this.#holds = true;
    // Most frames have the length of the last one. A new array for each would take time.
    if (this.#received.length !== length) this.#received = this.#in.subarray(0, length);
    return this.#received;
  }

  async close(): Promise<void> {
    this.#release();
    await this.#turns.close();
  }

  #release(): void {
    if (this.#holds) this.#turns.tell(this.#peer, false);
    this.#holds = false;
  }
}

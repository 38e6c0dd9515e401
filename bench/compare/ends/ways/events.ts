/**
 * A slot for each direction in named memory, and two events for each slot.
 *
 * @module
 */

import { SharedEvent, SharedMemory } from "../../../../mod.ts";
import type { Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { SlotLink, SLOTS_LENGTH, type Turns } from "./slot.ts";

const LIMIT = { timeout: PATIENCE };

/** Memory that both ends map, and synchronous waits for events. The far end creates all objects. */
export const events: WayOfProgram = {
  open(side, name) {
    const stack = new DisposableStack();
    const memory = stack.use(
      side === "far"
        ? SharedMemory.create(name, SLOTS_LENGTH)
        : SharedMemory.open(name, { access: "readwrite" }),
    );
    const view = stack.use(memory.map());
    return new SlotLink(side, view.bytes, new EventTurns(side, name, stack));
  },
};

class EventTurns implements Turns {
  readonly #stack: DisposableStack;
  readonly #filled: Record<Side, SharedEvent>;
  readonly #empty: Record<Side, SharedEvent>;

  constructor(side: Side, name: string, stack: DisposableStack) {
    this.#stack = stack;
    const open = (what: string, signalled: boolean) =>
      stack.use(
        side === "far"
          ? SharedEvent.create(`${name}-${what}`, { reset: "auto", signalled })
          : SharedEvent.open(`${name}-${what}`),
      );
    this.#filled = { near: open("near-filled", false), far: open("far-filled", false) };
    this.#empty = { near: open("near-empty", true), far: open("far-empty", true) };
  }

  wait(from: Side, filled: boolean): void {
    this.#event(from, filled).waitSync(LIMIT);
  }

  tell(from: Side, filled: boolean): void {
    this.#event(from, filled).set();
  }

  close(): void {
    this.#stack.dispose();
  }

  #event(from: Side, filled: boolean): SharedEvent {
    return (filled ? this.#filled : this.#empty)[from];
  }
}

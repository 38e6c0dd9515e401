/**
 * The memory of a latest value, mapped and checked; for what is where in it see latest_header.ts.
 *
 * @module
 */

import type { Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { struct } from "../../memory/mod.ts";
import { type LatestParts, MAGIC, memoryLengthFor, partsOf, VERSION } from "./latest_header.ts";
import { SLOTS } from "./latest_slots.ts";

/** Where a value's bytes are, and how many there are. */
export interface ValueLayout {
  /** The size in bytes. */
  readonly byteLength: number;
  /** What tells it from others. */
  readonly layoutHash: bigint;
}

/** How to make a latest value. */
export interface LatestValueOptions {
  /**
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor
   * in SDDL. @default "user"
   */
  security?: Security;
}

const HEADER = struct({
  magic: "u32",
  version: "u32",
  layoutHash: "u64",
  valueLength: "u32",
  slots: "u32",
});

/** How much memory a value takes, in bytes. */
export function memoryLengthOf({ byteLength }: ValueLayout): number {
  return memoryLengthFor(wordsOf(byteLength));
}

/** How many 32-bit words bytes take. */
export function wordsOf(byteLength: number): number {
  return Math.ceil(byteLength / 4);
}

/** Writes what a reader looks at first. */
export function writeHeader(view: MappedView, layout: ValueLayout): void {
  HEADER.write(view.bytes, headerOf(layout));
}

/** The memory of a latest value, mapped. */
export class LatestMemory implements Disposable {
  /** What is in it. */
  readonly parts: LatestParts;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;

  /**
   * Takes a memory over.
   *
   * @param name Its full name.
   * @param memory The memory.
   * @param layout What it should be of.
   * @throws {Deno.errors.InvalidData} If it is of something else.
   */
  constructor(name: string, memory: SharedMemory, layout: ValueLayout) {
    this.#memory = memory;
    try {
      this.#view = mapChecked(memory, layout);
    } catch (error) {
      memory.close();
      throw error;
    }
    this.parts = partsOf(this.#view.buffer, name, wordsOf(layout.byteLength));
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    this.#view.close();
    this.#memory.close();
  }
}

function mapChecked(memory: SharedMemory, layout: ValueLayout): MappedView {
  const label = `Expected shared memory "${memory.name}" to be a latest value of this layout`;
  if (memory.byteLength < memoryLengthOf(layout)) {
    throw new Deno.errors.InvalidData(`${label}, it has ${memory.byteLength} bytes`);
  }
  const view = memory.map();
  const found = HEADER.read(view.bytes);
  const expected = headerOf(layout);
  for (const name of ["magic", "version", "layoutHash", "valueLength", "slots"] as const) {
    if (found[name] === expected[name]) continue;
    view.close();
    throw new Deno.errors.InvalidData(
      `${label}, its ${name} is ${found[name]} rather than ${expected[name]}`,
    );
  }
  return view;
}

function headerOf({ byteLength, layoutHash }: ValueLayout) {
  return { magic: MAGIC, version: VERSION, layoutHash, valueLength: byteLength, slots: SLOTS };
}

/**
 * The memory of a latest value, mapped and checked; for what is where in it see layout.ts.
 *
 * @module
 */

import { assertObject, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { struct } from "../../struct/mod.ts";
import { describeOther, labelFor, nameMemory } from "../peer/memory.ts";
import { type LatestParts, MAGIC, memoryLengthFor, partsOf, VERSION } from "./layout.ts";
import { SLOTS } from "./slots.ts";

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
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor in
   * SDDL. (`"everyone-full"`, for programs that ask for all rights, lets any program shut out all others.)
   *
   * @default "user"
   */
  security?: Security;
}

/** The checks of {@linkcode LatestValueOptions}. */
export const LATEST_VALUE_CHECKS: OptionChecks<LatestValueOptions> = { security: assertSecurity };

const HEADER = struct({
  magic: "u32",
  version: "u32",
  layoutHash: "u64",
  valueLength: "u32",
  slots: "u32",
});

/** How messages call a latest value. */
export function latestLabel(name: string): string {
  return labelFor("latest value", name);
}

/**
 * Throws unless a value is a layout.
 *
 * @param what What the value is, for the message: `"layout"`.
 */
export function assertLayout(what: string, value: unknown): asserts value is ValueLayout {
  assertObject(what, value);
  const isLayout = "layoutHash" in value && typeof value.layoutHash === "bigint" &&
    "byteLength" in value && typeof value.byteLength === "number";
  if (!isLayout) {
    throw new TypeError(
      `Expected ${what} to be what struct() or union() gives, got ${show(value)}`,
    );
  }
}

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
      this.#view = mapChecked(name, memory, layout);
    } catch (error) {
      memory.close();
      throw error;
    }
    nameMemory(this.#view.buffer, latestLabel(name));
    this.parts = partsOf(this.#view.buffer, { name, length: wordsOf(layout.byteLength) });
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    this.#view.close();
    this.#memory.close();
  }
}

function mapChecked(name: string, memory: SharedMemory, layout: ValueLayout): MappedView {
  using stack = new DisposableStack();
  const view = stack.use(memory.map());
  const why = whyNot(view.bytes, layout);
  if (why !== undefined) {
    throw new Deno.errors.InvalidData(`Cannot open ${latestLabel(name)}: the memory is ${why}`);
  }
  stack.move();
  return view;
}

/** Says what memory is that is not a latest value's of a layout. */
function whyNot(bytes: Uint8Array<ArrayBuffer>, layout: ValueLayout): string | undefined {
  const length = memoryLengthOf(layout);
  if (bytes.length < HEADER.byteLength) {
    return `not a latest value's, it has ${bytes.length} bytes`;
  }
  const found = HEADER.read(bytes);
  const expected = headerOf(layout);
  if (found.magic !== MAGIC) {
    return `not a latest value's, ${describeOther(found.magic)} (its magic is ${found.magic})`;
  }
  if (bytes.length < length) {
    return `not one of this layout, it has ${bytes.length} bytes and not ${length}`;
  }
  for (const name of ["version", "layoutHash", "valueLength", "slots"] as const) {
    if (found[name] === expected[name]) continue;
    return `not one of this layout, its ${name} is ${found[name]} and not ${expected[name]}`;
  }
}

function headerOf({ byteLength, layoutHash }: ValueLayout) {
  return { magic: MAGIC, version: VERSION, layoutHash, valueLength: byteLength, slots: SLOTS };
}

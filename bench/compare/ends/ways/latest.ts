/**
 * Two `LatestValue`s for each length of frames, one for each direction.
 *
 * @module
 */

import { bytes, type BytesType, LatestValue, type LatestWriter, struct } from "../../../../mod.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { HEADER_LENGTH } from "../frames.ts";

/** The fields of a value: a frame. */
type Fields = { readonly frame: BytesType };
type Changes = AsyncGenerator<{ frame: Uint8Array }, void, void>;

/** Awaits `changes()`, which yields only the newest frame. */
export const latest: WayOfProgram = {
  open: (side, name) => new LatestLink(side, name),
};

/**
 * A value has the length of its frame, because each write copies the whole value. The values for
 * control frames are opened at once, and all others when they are needed.
 */
class LatestLink implements Link {
  readonly keepsAll = false;
  readonly #side: Side;
  readonly #name: string;
  readonly #stack = new DisposableStack();
  readonly #writers = new Map<number, LatestWriter<Fields>>();
  readonly #changes = new Map<number, Changes>();

  constructor(side: Side, name: string) {
    this.#side = side;
    this.#name = name;
    this.#openWriter(HEADER_LENGTH);
    this.#openReader(HEADER_LENGTH);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    const writer = this.#writers.get(frame.length) ?? this.#openWriter(frame.length);
    writer.value.frame.set(frame);
    writer.publish();
  }

  async receive(length: number): Promise<Uint8Array> {
    const changes = this.#changes.get(length) ?? this.#openReader(length);
    const { value } = await changes.next();
    if (value === undefined) throw new Error("The peer has closed the value");
    return value.frame;
  }

  close(): void {
    this.#stack.dispose();
  }

  #openWriter(length: number): LatestWriter<Fields> {
    const writer = this.#stack.use(this.#open(this.#side, length).writer());
    this.#writers.set(length, writer);
    return writer;
  }

  #openReader(length: number): Changes {
    const value = this.#open(this.#side === "near" ? "far" : "near", length);
    const changes = this.#stack.use(value.reader()).changes();
    this.#changes.set(length, changes);
    return changes;
  }

  #open(from: Side, length: number): LatestValue<Fields> {
    const layout = struct({ frame: bytes(length) });
    const name = `${this.#name}-from-${from}-${length}`;
    return this.#stack.use(LatestValue.openOrCreate(name, layout));
  }
}

/**
 * A message that is written where it will be read.
 *
 * @module
 */

import { labelOf } from "../peer/memory.ts";

/** Makes a claim of room for a message; `end` commits so many of its bytes, or gives the claim up. */
export let claimOver: (
  bytes: Uint8Array<ArrayBuffer>,
  end: (length: number | undefined) => void,
) => RingClaim;

/**
 * Room for a message in a channel's ring, from `RingSender.claim`: to be filled, and then to be
 * committed or given up, once. A clone of it would be an empty object: clone a copy of its bytes.
 *
 * @example
 * ```ts
 * import { RingChannel } from "@winipc/winipc";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * using claim = sender.claim(100);
 * if (claim !== undefined) {
 *   const { written } = new TextEncoder().encodeInto("Hello", claim.bytes);
 *   claim.commit(written);
 * }
 * ```
 */
export class RingClaim implements Disposable {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes were claimed: a script may transfer their buffer away, and then `#bytes` has none. */
  readonly #length: number;
  readonly #end: (length: number | undefined) => void;
  #isOver = false;

  static {
    claimOver = (bytes, end) => new RingClaim(bytes, end);
  }

  private constructor(
    bytes: Uint8Array<ArrayBuffer>,
    end: (length: number | undefined) => void,
  ) {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#end = end;
  }

  /**
   * The message's bytes in the ring, which have what was there before. They are not to be touched
   * when the claim is over: the receiver reads them then.
   *
   * @throws {Deno.errors.BadResource} If it is over.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#isOver) throw overMessage(labelOf(this.#bytes.buffer));
    return this.#bytes;
  }

  /**
   * Sends the message.
   *
   * @param length How many of its bytes. @default all
   * @throws {RangeError} If it has not so many.
   * @throws {Deno.errors.BadResource} If it was committed or given up before.
   */
  commit(length: number = this.#length): void {
    void this.bytes;
    this.#end(length);
    this.#isOver = true;
  }

  /** Gives the message up, unless it was committed. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(undefined);
  }

  /** Gives the message up at the end of a `using` block, unless it was committed. */
  [Symbol.dispose](): void {
    this.abort();
  }
}

/**
 * Makes the error for the use of a message that is sent, or never will be.
 *
 * @param label The channel, for the message.
 */
export function overMessage(label: string): Deno.errors.BadResource {
  return new Deno.errors.BadResource(
    `Cannot use a message of the ${label}: it was committed or given up`,
  );
}

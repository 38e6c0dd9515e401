/**
 * A message that a script writes directly into the ring.
 *
 * @module
 */

import { labelOf } from "../peer/memory.ts";

/** Creates a claim. `end` commits a number of bytes, or aborts the claim if it gets `undefined`. */
export let claimOver: (
  bytes: Uint8Array<ArrayBuffer>,
  end: (length: number | undefined) => void,
) => RingClaim;

/**
 * Room for one message in the ring of a channel, from `RingSender.claim`. Fill its bytes, and then
 * commit or abort the claim once. A structured clone of a claim is an empty object: clone a copy of
 * its bytes instead.
 *
 * @example Encode a text directly into the ring
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * using receiver = channel.receiver();
 * using claim = sender.claim(100);
 * if (claim !== undefined) {
 *   const { written } = new TextEncoder().encodeInto("Hello", claim.bytes);
 *   claim.commit(written);
 * }
 * assertEquals(new TextDecoder().decode(receiver.tryReceive()), "Hello");
 * ```
 */
export class RingClaim implements Disposable {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** The claimed length in bytes. `#bytes.length` becomes 0 if a script transfers the buffer. */
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
   * The bytes of the message in the ring. At first they hold data of earlier messages. Do not touch
   * them after the claim was committed or aborted: they then belong to the receiver or to another
   * message.
   *
   * @throws {Deno.errors.BadResource} If the claim was committed or aborted.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#isOver) throw overMessage(labelOf(this.#bytes.buffer));
    return this.#bytes;
  }

  /**
   * Commits the message, so that it is sent.
   *
   * @param length The number of bytes that belong to the message. @default all
   * @throws {RangeError} If `length` is more than the claimed length.
   * @throws {Deno.errors.BadResource} If the claim was committed or aborted before.
   */
  commit(length: number = this.#length): void {
    void this.bytes;
    this.#end(length);
    this.#isOver = true;
  }

  /** Aborts the claim, unless it was committed. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end(undefined);
  }

  /** Aborts the claim at the end of a `using` block, unless it was committed. */
  [Symbol.dispose](): void {
    this.abort();
  }
}

/**
 * Creates the error for the use of a claim that was committed or aborted.
 *
 * @param label The channel's name in the error message.
 */
export function overMessage(label: string): Deno.errors.BadResource {
  return new Deno.errors.BadResource(
    `Cannot use a message of the ${label}: it was committed or aborted`,
  );
}

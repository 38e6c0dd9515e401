/**
 * Carries values by frames over any stream of bytes.
 *
 * @module
 */

import { Cancellation, deadlineAfter, timeLeft, type WaitOptions } from "../../wait/options.ts";
import type { Lock } from "../../wait/queue.ts";
import type { LinkPeer } from "../link.ts";
import { decodeFrom, encodeFor, type LinkOptions, MAX_MESSAGE_LENGTH } from "./content.ts";
import { endFrame, FrameParser, messageFrame } from "./frame.ts";
import type { Transport } from "./transport.ts";

/** A stream of bytes in each direction. */
export interface ByteStream {
  /** The link's name in messages. */
  readonly label: string;
  /** The process at the other end, if it is known. */
  readonly peer: LinkPeer | undefined;
  /** Says where bytes that are no frames can come from. */
  readonly hint: string;
  /** Reads the next bytes; `undefined` if the peer has closed the stream, or has died. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Writes all bytes after all earlier writes. It waits while the peer does not read. */
  write(bytes: Uint8Array<ArrayBuffer>, options: WaitOptions): Promise<unknown>;
  /** Says how the peer has ended, if it is known: `its exit code is 1`. */
  ending?(): string | undefined;
  /** Closes the stream after all writes. */
  close(): Promise<void>;
  /** Closes the stream at once. */
  abort(): Promise<void>;
  /** Sets whether the open stream keeps the process alive. */
  hold?(isHeld: boolean): void;
}

/**
 * Writes after the writes that hold the lock before it. A write that has begun goes on when the
 * caller gives up, because half a frame would end the link.
 *
 * @param options `late` makes the error of a write that is not over in time.
 */
export async function writeInTurn(
  lock: Lock,
  write: () => Promise<void>,
  options: WaitOptions & { late: (timeout: number) => Error },
): Promise<void> {
  const { timeout = Infinity, signal, late } = options;
  const deadline = deadlineAfter(timeout);
  if (!lock.tryAcquire()) await lock.acquire({ timeout, ...(signal && { signal }) });
  const written = write().finally(() => lock.release());
  if (timeout === Infinity && signal === undefined) return await written;
  written.catch(() => {});
  const stopped = Promise.withResolvers<never>();
  using _ = new Cancellation({
    timeout: timeLeft(deadline),
    onTimeout: () => stopped.reject(late(timeout)),
    signal,
    onAbort: stopped.reject,
  });
  await Promise.race([written, stopped.promise]);
}

/** Carries encoded values in frames. */
export class FramedTransport implements Transport<Uint8Array<ArrayBuffer>> {
  readonly label: string;
  readonly peer: LinkPeer | undefined;
  readonly #stream: ByteStream;
  readonly #maxLength: number;
  readonly #parser: FrameParser;

  constructor(stream: ByteStream, { maxMessageLength = MAX_MESSAGE_LENGTH }: LinkOptions) {
    const { label, peer, hint } = stream;
    this.label = label;
    this.peer = peer;
    this.#stream = stream;
    this.#maxLength = maxMessageLength;
    this.#parser = new FrameParser({ label, hint, maxLength: maxMessageLength });
  }

  encode(value: unknown): Uint8Array<ArrayBuffer> {
    const remedy = "raise maxMessageLength at both ends";
    return messageFrame(encodeFor(this.label, value, { max: this.#maxLength, remedy }));
  }

  decode(content: Uint8Array<ArrayBuffer>): unknown {
    return decodeFrom(this.label, content);
  }

  async send(frame: Uint8Array<ArrayBuffer>, options: WaitOptions): Promise<void> {
    await this.#stream.write(frame, options);
  }

  async receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const content = this.#parser.take();
      if (content === "end") return undefined;
      if (content !== undefined) return content;
      const chunk = await this.#stream.read();
      if (chunk === undefined) throw this.#reset();
      this.#parser.add(chunk);
    }
  }

  async close(): Promise<void> {
    // Not awaited: the stream waits for all writes when it is closed.
    this.#stream.write(endFrame(), {}).catch(() => {});
    await this.#stream.close();
  }

  async abort(): Promise<void> {
    await this.#stream.abort();
  }

  hold(isHeld: boolean): void {
    this.#stream.hold?.(isHeld);
  }

  #reset(): Deno.errors.ConnectionReset {
    const inside = this.#parser.isInside ? " in the middle of a value" : "";
    const ending = this.#stream.ending?.();
    return new Deno.errors.ConnectionReset(
      `The ${this.label} ended${inside}: the peer has died, or has closed it without ` +
        `saying so${ending === undefined ? "" : `; ${ending}`}`,
    );
  }
}

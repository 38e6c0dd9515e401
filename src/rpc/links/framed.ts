/**
 * Carries values by frames over any stream of bytes.
 *
 * @module
 */

import type { WaitOptions } from "../../wait/options.ts";
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

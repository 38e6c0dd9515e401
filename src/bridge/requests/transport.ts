/**
 * Carries the values of one link over two subjects, one for each direction.
 *
 * @module
 */

import { decodeFrom, encodeFor } from "../../rpc/links/content.ts";
import type { Transport } from "../../rpc/links/transport.ts";
import { type WaitOptions, within } from "../../wait/options.ts";
import type { NatsConnection, NatsMessage } from "../nats.ts";
import { asError, type EndListener, isNobody, type LinkEnd } from "./end.ts";
import { Incoming } from "./incoming.ts";
import { type FarEnd, Outgoing } from "./outgoing.ts";
import { Pulse } from "./pulse.ts";

/** Time for the server to take the last messages when the link is closed, in milliseconds. */
const MAX_DRAIN = 5000;

/** The two ends of a link, after the handshake. */
export interface NatsEnds {
  readonly connection: NatsConnection;
  /** The link's name in messages. */
  readonly label: string;
  /** This end. The link closes it. */
  readonly near: LinkEnd;
  /** The peer's end. */
  readonly far: FarEnd;
  /** The longest encoded value that this end takes, in bytes. */
  readonly maxLength: number;
  /** Time in milliseconds after which a silent peer counts as dead. */
  readonly maxSilence: number;
}

/** Carries encoded values by NATS. */
export class NatsTransport implements Transport<Uint8Array>, EndListener {
  readonly label: string;
  readonly peer = undefined;
  /** Is fulfilled when the peer has sent its first message, or the link is over. */
  readonly opened: Promise<void>;
  readonly #open: () => void;
  readonly #ends: NatsEnds;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #pulse: Pulse;
  /** Whether the peer knows this link: it has welcomed this end, or has sent something. */
  #isMet = false;
  #isOver = false;

  constructor(ends: NatsEnds) {
    const { connection, label, near, far, maxLength, maxSilence } = ends;
    this.#ends = ends;
    this.label = label;
    ({ promise: this.opened, resolve: this.#open } = Promise.withResolvers<void>());
    const { token } = near;
    this.#incoming = new Incoming({ label, token, maxLength, onTaken: () => this.#tell() });
    this.#outgoing = new Outgoing(connection, label, far);
    this.#pulse = new Pulse({
      // A client to which another service was quicker would take the beats for those of its peer.
      beat: () => this.#isMet && this.beat(),
      onSilence: () => {
        this.deafen(
          `the peer has sent nothing for ${maxSilence} ms; if it computes for longer without a ` +
            "pause, raise maxSilence",
        );
      },
      maxSilence,
    });
    near.listener = this;
  }

  /** Whether the peer knows the link, and the link is not over. */
  get isOpen(): boolean {
    return this.#isMet && !this.#isOver;
  }

  encode(value: unknown): Uint8Array {
    const { maxLength: max } = this.#ends.far;
    return encodeFor(this.label, value, { max, remedy: "raise maxMessageLength of the peer" });
  }

  decode(content: Uint8Array<ArrayBuffer>): unknown {
    return decodeFrom(this.label, content);
  }

  async send(content: Uint8Array, options: WaitOptions): Promise<void> {
    try {
      await this.#outgoing.send(content, options);
    } catch (error) {
      // The client has not taken a part of the value.
      if (error instanceof Deno.errors.ConnectionReset) this.#fail(error);
      throw error;
    }
  }

  receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#incoming.take();
  }

  async close(): Promise<void> {
    const { connection } = this.#ends;
    if (!this.#isOver) {
      this.#publish("end", new Uint8Array());
      // The end is the last message.
      this.#stop(new Deno.errors.BadResource(`The ${this.label} is closed`));
      await within(connection.flush().catch(() => {}), MAX_DRAIN);
    }
    await this.abort();
  }

  // deno-lint-ignore require-await -- an error becomes a rejection
  async abort(): Promise<void> {
    this.#stop(new Deno.errors.BadResource(`The ${this.label} is closed`));
    this.#incoming.end();
  }

  /** Tells the peer that this end is alive. The server answers if nobody listens any more. */
  beat(): void {
    this.#isMet = true;
    this.#publish("alive", this.#incoming.receipt(), this.#ends.near.subject);
  }

  hear(message: NatsMessage): void {
    if (this.#isOver) return;
    try {
      if (isNobody(message)) {
        return this.deafen("the peer has died, or has lost its connection to the NATS server");
      }
      const heard = this.#incoming.hear(message.data);
      if (heard === "stranger") return;
      this.#pulse.hear();
      this.#isMet = true;
      this.#open();
      if (heard === "end") {
        const error = `Cannot send over the ${this.label}: the peer has closed it`;
        this.#stop(new Deno.errors.BrokenPipe(error));
        this.#incoming.end();
      } else if (heard !== "value") {
        this.#outgoing.noteTaken(heard.taken);
      }
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  deafen(why: string, cause?: Error): void {
    this.#fail(
      new Deno.errors.ConnectionReset(`The ${this.label} ended: ${why}`, cause && { cause }),
    );
  }

  /** Tells the peer that it can send more. */
  #tell(): void {
    if (!this.#isOver) this.#publish("alive", this.#incoming.receipt());
  }

  #publish(kind: "alive" | "end", content: Uint8Array, reply?: string): void {
    try {
      this.#outgoing.publish(kind, content, reply);
    } catch (error) {
      this.#fail(asError(error));
    }
  }

  /** Ends the link with an error, after the values that have arrived. */
  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#stop(error);
    this.#incoming.end(error);
  }

  /** Stops listening and sending. The peer's next beat then has no listener. */
  #stop(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pulse[Symbol.dispose]();
    this.#ends.near[Symbol.dispose]();
    this.#outgoing.end(error);
    this.#open();
  }
}

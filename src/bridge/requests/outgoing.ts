/**
 * The messages that go over a link: numbers them, cuts long values into parts, and waits while the
 * peer has no room.
 *
 * @module
 */

import { Cancellation, deadlineAfter, timeLeft, type WaitOptions } from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import { textOf } from "../failure.ts";
import type { NatsConnection } from "../nats.ts";
import { MAX_PART, NATS_KINDS, NatsFrame, START_LENGTH } from "./frame.ts";

/** The peer's end of a link. */
export interface FarEnd {
  /** The subject that the peer listens on. */
  readonly subject: string;
  /** The number that messages to the peer carry. */
  readonly token: bigint;
  /** The longest encoded value that the peer takes, in bytes. */
  readonly maxLength: number;
  /** The most bytes that can be on their way to the peer. */
  readonly window: number;
}

/** Sends to the peer's subject. */
export class Outgoing {
  readonly #connection: NatsConnection;
  readonly #label: string;
  readonly #far: FarEnd;
  readonly #lock = new Lock((timeout) => this.#late(timeout));
  /** Maximum length of a message with its start in bytes. */
  readonly #maxPart: number;
  /** The number of the last message. */
  #sequence = 0;
  /** The bytes of values that were sent, modulo 2³². */
  #sent = 0;
  /** The bytes that the peer has not taken. */
  #pending = 0;
  /** Called when the peer has taken something, or the link is over. */
  #onChange: (() => void) | undefined;
  #over: Error | undefined;

  constructor(connection: NatsConnection, label: string, far: FarEnd) {
    this.#connection = connection;
    this.#label = label;
    this.#far = far;
    const { max_payload: maxPayload = MAX_PART } = connection.info ?? {};
    this.#maxPart = Math.min(MAX_PART, maxPayload, far.window >> 1);
  }

  /** Sends an encoded value after all earlier ones, when the peer has room. */
  async send(content: Uint8Array, { timeout = Infinity, signal }: WaitOptions): Promise<void> {
    const deadline = deadlineAfter(timeout);
    if (!this.#lock.tryAcquire()) {
      await this.#lock.acquire({ timeout, ...(signal && { signal }) });
    }
    const isStoppable = timeout !== Infinity || signal !== undefined;
    const stop = isStoppable ? new AbortController() : undefined;
    const sent = this.#sendParts(content, stop?.signal).finally(() => this.#lock.release());
    if (stop === undefined) return await sent;
    sent.catch(() => {});
    const stopped = Promise.withResolvers<never>();
    const end = (reason: unknown) => {
      stop.abort(reason);
      stopped.reject(reason);
    };
    using _ = new Cancellation({
      timeout: timeLeft(deadline),
      onTimeout: () => end(this.#late(timeout)),
      signal,
      onAbort: end,
    });
    await Promise.race([sent, stopped.promise]);
  }

  /**
   * Publishes a message at once.
   *
   * @param reply The subject on which the server says if nobody gets the message.
   * @throws {Deno.errors.ConnectionReset} If the client does not take the message, because its
   *   connection is closed.
   */
  publish(kind: keyof typeof NATS_KINDS, content: Uint8Array, reply?: string): void {
    const frame = new Uint8Array(START_LENGTH + content.length);
    const { subject, token } = this.#far;
    this.#sequence = this.#sequence + 1 >>> 0;
    NatsFrame.write(frame, { kind: NATS_KINDS[kind], sequence: this.#sequence, token });
    frame.set(content, START_LENGTH);
    try {
      this.#connection.publish(subject, frame, reply === undefined ? {} : { reply });
    } catch (cause) {
      const text = `The ${this.#label} ended: the NATS client does not take a message: ${
        textOf(cause)
      }`;
      throw new Deno.errors.ConnectionReset(text, { cause });
    }
  }

  /**
   * Notes how many bytes the peer has taken.
   *
   * @param taken The number, modulo 2³².
   * @throws {Deno.errors.InvalidData} If that is more than was sent.
   */
  noteTaken(taken: number): void {
    const pending = this.#sent - taken >>> 0;
    if (pending > this.#pending) {
      throw new Deno.errors.InvalidData(
        `The ${this.#label} was closed: the peer has taken more than this end has sent`,
      );
    }
    this.#pending = pending;
    this.#onChange?.();
  }

  /** Ends all sends with an error. */
  end(error: Error): void {
    this.#over ??= error;
    this.#onChange?.();
  }

  /**
   * Sends the parts of a value.
   *
   * @param stop Stops the wait before the first part. Half a value would end the link.
   */
  async #sendParts(content: Uint8Array, stop: AbortSignal | undefined): Promise<void> {
    const most = this.#maxPart - START_LENGTH;
    for (let at = 0;; at += most) {
      const part = content.subarray(at, at + most);
      const length = START_LENGTH + part.length;
      if (this.#over !== undefined || this.#pending + length > this.#far.window) {
        await this.#roomFor(length, at === 0 ? stop : undefined);
      }
      const isLast = at + most >= content.length;
      this.publish(isLast ? "message" : "part", part);
      this.#sent = this.#sent + length >>> 0;
      this.#pending += length;
      if (isLast) return;
    }
  }

  /** Waits until the peer has room for a message. */
  async #roomFor(length: number, stop: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (this.#over !== undefined) throw this.#over;
      if (this.#pending + length <= this.#far.window) return;
      stop?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      using _ = new Cancellation({ signal: stop, onAbort: () => resolve() });
      await promise;
      this.#onChange = undefined;
    }
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to send over the ${this.#label}: the peer does not read`,
    );
  }
}

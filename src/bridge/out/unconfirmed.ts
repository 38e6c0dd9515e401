/**
 * The messages on their way to the server.
 *
 * @module
 */

import { sleep } from "../../wait/options.ts";
import type { RunContext } from "../run.ts";

/**
 * Maximum number of messages and of bytes that are on their way. A slow server so fills the source,
 * and not the memory of this process. If the server goes away, at most so many messages are lost.
 */
export const MAX_MESSAGES = 1024;
export const MAX_BYTES = 1_048_576;
/** Pause between two attempts to reach a server that is away, in milliseconds. */
const RETRY_PAUSE = 50;

/**
 * Counts the messages that were published and not confirmed. It asks the server by a flush: the
 * server answers when it has taken everything before. One flush is on its way at a time.
 */
export class Unconfirmed implements Disposable {
  readonly #connection: RunContext["nats"]["connection"];
  readonly #counts: RunContext["counts"];
  readonly #givingUp: AbortSignal;
  readonly #disposed = new AbortController();
  readonly #wake = () => this.#changed.resolve();
  #changed = Promise.withResolvers<void>();
  #messages = 0;
  #bytes = 0;
  #isAsking = false;
  #isAway = false;

  constructor({ nats: { connection }, counts, givingUp }: RunContext) {
    this.#connection = connection;
    this.#counts = counts;
    this.#givingUp = givingUp;
    givingUp.addEventListener("abort", this.#wake, { once: true });
  }

  /** Whether no message can be published now. */
  get isFull(): boolean {
    return this.#messages >= MAX_MESSAGES || this.#bytes >= MAX_BYTES || this.#isAway;
  }

  /** Adds a message that is published in this turn of the event loop. */
  add(byteLength: number): void {
    this.#messages++;
    this.#bytes += byteLength;
    this.#counts.pending++;
    if (this.#isAsking) return;
    this.#isAsking = true;
    // After the messages that are published in this turn.
    queueMicrotask(() => void this.#ask());
  }

  /** Removes the message that was added last, because it could not be published. */
  remove(byteLength: number): void {
    this.#forget(1, byteLength);
  }

  /**
   * Waits until a message can be published.
   *
   * @throws The reason for giving up.
   */
  async room(): Promise<void> {
    while (this.isFull) await this.#next();
  }

  /**
   * Waits until the server has confirmed everything, or the connection has broken.
   *
   * @throws The reason for giving up.
   */
  async all(): Promise<void> {
    while (this.#messages > 0) await this.#next();
  }

  [Symbol.dispose](): void {
    this.#givingUp.removeEventListener("abort", this.#wake);
    this.#disposed.abort();
    this.#counts.pending -= this.#messages;
    this.#messages = this.#bytes = 0;
  }

  async #next(): Promise<void> {
    this.#givingUp.throwIfAborted();
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    this.#givingUp.throwIfAborted();
  }

  async #ask(): Promise<void> {
    while (this.#messages > 0) {
      const messages = this.#messages;
      const bytes = this.#bytes;
      try {
        await this.#connection.flush();
      } catch {
        // Nobody knows which of the messages the server has taken.
        this.#forget(this.#messages, this.#bytes);
        this.#isAway = true;
        if (!await this.#reach()) return;
        this.#isAway = false;
        this.#wake();
        continue;
      }
      if (this.#disposed.signal.aborted) return;
      this.#forget(messages, bytes);
      this.#counts.delivered += messages;
      this.#counts.bytes += bytes;
      this.#wake();
    }
    this.#isAsking = false;
  }

  #forget(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
    this.#counts.pending -= messages;
  }

  /** Waits until the client has reached a server again. Returns `false` if this object is over. */
  async #reach(): Promise<boolean> {
    const { signal } = this.#disposed;
    this.#wake();
    while (!signal.aborted) {
      try {
        await sleep(RETRY_PAUSE, signal);
        await this.#connection.flush();
        return !signal.aborted;
      } catch {
        // The client rejects each flush until it has reached a server.
      }
    }
    return false;
  }
}

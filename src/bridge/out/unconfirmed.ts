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
/** Maximum number of flushes that are on their way, each for a part of these messages. */
const MAX_FLUSHES = 4;
/**
 * Minimum number of messages and of bytes before the next flush while another one is on its way. The
 * client writes to its socket when 32 KiB wait. A flush at that moment costs no write of its own.
 */
const MIN_MESSAGES = 128;
const MIN_BYTES = 32_768;
/** Approximate length of what the client adds to a message and its subject. */
const FRAME_LENGTH = 24;
/** Pause between two attempts to reach a server that is away, in milliseconds. */
const RETRY_PAUSE = 50;

/**
 * Counts the messages that were published and not confirmed. It asks the server by flushes: the
 * server answers each when it has taken everything before.
 *
 * A route that has much to publish has several flushes on their way, so that it publishes while the
 * server works. Otherwise there is one at a time: a flush for each message would be as much work as
 * the message.
 */
export class Unconfirmed implements Disposable {
  readonly #connection: RunContext["nats"]["connection"];
  readonly #counts: RunContext["counts"];
  readonly #givingUp: AbortSignal;
  readonly #overhead: number;
  readonly #disposed = new AbortController();
  readonly #wake = () => this.#changed.resolve();
  /** Runs after the messages that are published in this turn. */
  readonly #endTurn = () => {
    this.#isTurn = false;
    if (this.#flushes === 0) void this.#ask();
  };
  #changed = Promise.withResolvers<void>();
  #messages = 0;
  #bytes = 0;
  /** The messages for which the server was not asked. */
  #newMessages = 0;
  #newBytes = 0;
  /** The number of flushes that are on their way. */
  #flushes = 0;
  /** Is increased when all messages are forgotten: older flushes then mean nothing. */
  #generation = 0;
  #isTurn = false;
  #isAway = false;

  /** @param overhead The length in bytes of the subject and the headers of each message. */
  constructor({ nats: { connection }, counts, givingUp }: RunContext, overhead: number) {
    this.#connection = connection;
    this.#counts = counts;
    this.#givingUp = givingUp;
    this.#overhead = overhead + FRAME_LENGTH;
    givingUp.addEventListener("abort", this.#wake, { once: true });
  }

  /** Whether no message can be published now. */
  get isFull(): boolean {
    return this.#flushes >= MAX_FLUSHES || this.#messages >= MAX_MESSAGES ||
      this.#bytes >= MAX_BYTES || this.#isAway;
  }

  /** Adds a message that is published next, in this turn of the event loop. */
  add(byteLength: number): void {
    this.#messages++;
    this.#bytes += byteLength;
    this.#newMessages++;
    this.#newBytes += byteLength;
    this.#counts.pending++;
    if (this.#isTurn || this.#flushes > 0) return;
    this.#isTurn = true;
    queueMicrotask(this.#endTurn);
  }

  /** Removes the message that was added last, because it could not be published. */
  remove(byteLength: number): void {
    this.#messages--;
    this.#bytes -= byteLength;
    this.#newMessages--;
    this.#newBytes -= byteLength;
    this.#counts.pending--;
  }

  /** Asks the server about the messages that were added and published, if they are many. */
  askIfMany(): void {
    const messages = this.#newMessages;
    const bytes = this.#newBytes;
    if (messages < MIN_MESSAGES && bytes < MAX_BYTES / MAX_FLUSHES) return;
    const isWrite = bytes + messages * this.#overhead >= MIN_BYTES;
    if (isWrite || messages >= MAX_MESSAGES / MAX_FLUSHES) void this.#ask();
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
    this.#forgetAll();
  }

  async #next(): Promise<void> {
    this.#givingUp.throwIfAborted();
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    this.#givingUp.throwIfAborted();
  }

  /** Asks the server about the messages for which it was not asked. */
  async #ask(): Promise<void> {
    const messages = this.#newMessages;
    const bytes = this.#newBytes;
    if (messages === 0) return;
    this.#newMessages = this.#newBytes = 0;
    this.#flushes++;
    const generation = this.#generation;
    try {
      await this.#connection.flush();
    } catch {
      // The flushes of a connection that breaks fail together.
      if (generation === this.#generation) await this.#lose();
      return;
    }
    if (generation !== this.#generation) return;
    this.#flushes--;
    this.#messages -= messages;
    this.#bytes -= bytes;
    this.#counts.pending -= messages;
    this.#counts.delivered += messages;
    this.#counts.bytes += bytes;
    this.#wake();
    if (this.#flushes === 0) void this.#ask();
  }

  /** Forgets the messages: nobody knows which of them the server has taken. */
  async #lose(): Promise<void> {
    this.#forgetAll();
    this.#isAway = true;
    if (!await this.#reach()) return;
    this.#isAway = false;
    this.#wake();
  }

  #forgetAll(): void {
    this.#generation++;
    this.#counts.pending -= this.#messages;
    this.#messages =
      this.#bytes =
      this.#newMessages =
      this.#newBytes =
      this.#flushes =
        0;
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

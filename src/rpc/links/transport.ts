/**
 * The state that all links have in common: open, ended by the peer, failed, or closed by the
 * script. A transport carries the values.
 *
 * @module
 */

import { Uncloneable } from "../../../ffi/handle.ts";
import { assertCanWait, type WaitOptions, within } from "../../wait/options.ts";
import type { LinkPeer, MessageLink } from "../link.ts";

/** Carries the values of one link. `Message` is a value in the form in which the transport has it. */
export interface Transport<Message> {
  /** The link's name in messages: `link over the pipe "\\\\.\\pipe\\x"`. */
  readonly label: string;
  /** The process at the other end, if the transport knows it. */
  readonly peer: LinkPeer | undefined;
  /**
   * Makes a message of a value.
   *
   * @throws {DOMException} `DataCloneError` if the value cannot be cloned.
   * @throws {RangeError} If the message is too long.
   */
  encode(value: unknown): Message;
  /**
   * Makes a value of a message.
   *
   * @throws {Deno.errors.InvalidData} If the message is not an encoded value.
   */
  decode(message: Message): unknown;
  /** Sends a message after all earlier ones. */
  send(message: Message, options: WaitOptions): Promise<unknown>;
  /**
   * Takes the next message, or waits for it. `undefined` means that the peer has closed the link.
   *
   * @throws {Deno.errors.ConnectionReset} If the peer has died.
   * @throws {Deno.errors.InvalidData} If the peer has sent something else than messages.
   */
  receive(): Promise<Message | undefined>;
  /** Tells the peer that the link is closed, after all messages, and closes everything. */
  close(): Promise<void>;
  /** Closes everything at once, because the peer is gone or cannot be trusted. */
  abort(): Promise<void>;
  /** Sets whether the open link keeps the process alive. Absent if the link never does. */
  hold?(isHeld: boolean): void;
}

/** Makes a link of a transport. */
export function linkOver<Message>(transport: Transport<Message>): MessageLink {
  return new TransportLink(transport);
}

/**
 * Time that a link waits for sends that are not over, when the script closes it, in milliseconds. A
 * peer that never reads must not hold the link for ever.
 */
const MAX_DRAIN = 5000;

/** The end of an iteration. */
const DONE = { done: true, value: undefined } as const;

/** A link over any transport. */
class TransportLink<Message> extends Uncloneable implements MessageLink {
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #transport: Transport<Message>;
  /** Whether the script has closed the link. */
  #isDisposed = false;
  /** Whether the link is over, or is being closed. */
  #isOver = false;
  /** The error that has ended the link. */
  #failure: { readonly error: unknown } | undefined;
  /** The `next()` that waits for a message. */
  #taker: PromiseWithResolvers<IteratorResult<unknown, undefined>> | undefined;
  /** The value that has come and that no `next()` has taken. */
  #ahead: { readonly value: unknown } | undefined;
  /** Whether a call of `receive()` is not over. */
  #isReceiving = false;
  /** The number of sends that are not over. */
  #sending = 0;
  /** Called when no send is left. */
  #onSent: (() => void) | undefined;

  constructor(transport: Transport<Message>) {
    super();
    this.#transport = transport;
    this.closed = this.#closed.promise;
    // Later, so that the script's first send does not wait for this.
    queueMicrotask(() => this.#lookAhead());
  }

  get peer(): LinkPeer | undefined {
    return this.#transport.peer;
  }

  send(value: unknown, options: WaitOptions = {}): Promise<void> {
    try {
      assertCanWait(options);
      this.#assertOpen();
      // Not later: the caller can change the value when this method has returned.
      const sent = this.#transport.send(this.#transport.encode(value), options);
      return this.#deliver(sent, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    // Leaving a loop leaves the link open, as leaving a loop over a RingReceiver does.
    return {
      next: () => this.#next(),
      return: () => {
        this.#lookAhead();
        return Promise.resolve(DONE);
      },
    };
  }

  ref(): void {
    if (!this.#isOver) this.#transport.hold?.(true);
  }

  unref(): void {
    if (!this.#isOver) this.#transport.hold?.(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isDisposed && !this.#isOver) {
      this.#isDisposed = true;
      this.#end(async () => {
        if (await this.#drain()) await this.#transport.close();
        else await this.#transport.abort();
      });
    }
    await this.closed;
  }

  async #deliver(sent: Promise<unknown>, { signal }: WaitOptions): Promise<void> {
    this.#sending++;
    try {
      await sent;
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error;
      const { BrokenPipe, ConnectionReset } = Deno.errors;
      if (error instanceof BrokenPipe || error instanceof ConnectionReset) this.#lookAhead();
      // A transport that was closed during the send cannot say why.
      if (error instanceof Deno.errors.BadResource) this.#assertOpen();
      throw this.#named(error);
    } finally {
      if (--this.#sending === 0) this.#onSent?.();
    }
  }

  #next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#taker !== undefined) {
      return Promise.reject(
        new Deno.errors.Busy(
          `Cannot receive from the ${this.#transport.label}: another next() waits; await it first`,
        ),
      );
    }
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      this.#ahead = undefined;
      return Promise.resolve({ done: false, value: ahead.value });
    }
    const taker = Promise.withResolvers<IteratorResult<unknown, undefined>>();
    this.#taker = taker;
    if (this.#isOver) this.#settle();
    else this.#receive();
    return taker.promise;
  }

  /**
   * Receives one value that nobody has asked for, because only the reader of most transports learns
   * of the peer's end. An iteration needs no such help: its `next()` reads.
   */
  #lookAhead(): void {
    if (!this.#isOver && this.#ahead === undefined) this.#receive();
  }

  #receive(): void {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    this.#transport.receive().then(this.#arrive, this.#break);
  }

  readonly #arrive = (message: Message | undefined): void => {
    this.#isReceiving = false;
    if (this.#isOver) {
      // Nobody wants the message. But the peer may wait for room before it reads what was sent.
      if (message !== undefined && this.#sending > 0) this.#receive();
      return;
    }
    if (message === undefined) return this.#end(() => this.#transport.abort());
    let value: unknown;
    try {
      value = this.#transport.decode(message);
    } catch (error) {
      return this.#break(error);
    }
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker === undefined) this.#ahead = { value };
    else taker.resolve({ done: false, value });
  };

  readonly #break = (error: unknown): void => {
    this.#isReceiving = false;
    // A script that closes the link ends its own loop by this error.
    if (this.#isOver) return;
    this.#failure = { error: this.#named(error) };
    this.#end(() => this.#transport.abort());
  };

  /** Ends the link. */
  #end(close: () => Promise<void>): void {
    this.#isOver = true;
    this.#ahead = undefined;
    this.#settle();
    // A transport that cannot be closed has nothing more to tell: the link is over in any case.
    close().catch(() => {}).finally(() => this.#closed.resolve());
  }

  /** Ends the iteration. */
  #settle(): void {
    const taker = this.#taker;
    this.#taker = undefined;
    if (this.#failure === undefined) taker?.resolve(DONE);
    else taker?.reject(this.#failure.error);
  }

  /** Waits until all sends are over, and returns whether they are. */
  async #drain(): Promise<boolean> {
    if (this.#sending === 0) return true;
    const sent = new Promise<void>((resolve) => this.#onSent = resolve);
    this.#receive();
    await within(sent, MAX_DRAIN);
    return this.#sending === 0;
  }

  /** Returns an error that names the link, and the error below it as the cause. */
  #named(error: unknown): unknown {
    const { label } = this.#transport;
    const { BrokenPipe, ConnectionReset, InvalidData, TimedOut } = Deno.errors;
    const faults = [BrokenPipe, ConnectionReset, InvalidData, TimedOut];
    const fault = faults.find((fault) => error instanceof fault);
    if (fault === undefined || !(error instanceof Error) || error.message.includes(label)) {
      return error;
    }
    return new fault(`The ${label} failed: ${error.message}`, { cause: error });
  }

  #assertOpen(): void {
    if (!this.#isOver) return;
    if (this.#failure !== undefined) throw this.#failure.error;
    const { label } = this.#transport;
    if (this.#isDisposed) throw new Deno.errors.BadResource(`The ${label} is closed`);
    throw new Deno.errors.BrokenPipe(`Cannot send over the ${label}: the peer has closed it`);
  }
}

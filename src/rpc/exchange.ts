/**
 * The frames of one link: sends them, reads and checks them, and ends the link.
 *
 * A link can have a caller and a server at each end. Requests go to the server of the other end, and
 * answers to its caller.
 *
 * The exchange reads whatever its sends wait for. So two ends never wait for each other, even if the
 * link is full in both directions.
 *
 * @module
 */

import type { LinkPeer, MessageLink } from "./link.ts";
import {
  type AnswerFrame,
  assertHello,
  type Frame,
  framesOf,
  HELLO,
  KIND,
  MAX_CALLS,
  type RequestFrame,
  toFrame,
} from "./frame.ts";
import { toRecord } from "./error.ts";
import { Outbox, type SendOptions } from "./outbox.ts";

/** A user of an exchange: the caller or the server of this end. */
interface Side<F> {
  /**
   * Gets a frame of the peer.
   *
   * @throws {Deno.errors.InvalidData} If the peer must not send this frame now.
   */
  take(frame: F): void;
  /**
   * Gets the end of the link, once. The side gets no frame after it.
   *
   * @param error `undefined` if the peer or this end closed the link.
   */
  over(error: unknown): void;
}

/** The side that calls. */
export type CallerSide = Side<AnswerFrame>;
/** The side that serves. */
export type ServerSide = Side<RequestFrame>;

/** The exchanges by their links. */
const EXCHANGES = new WeakMap<MessageLink, Exchange>();

/** Time in which a reader finds out why a send has failed, in milliseconds. */
const GRACE = 1000;

/** The frames of one link. */
export class Exchange {
  readonly #link: MessageLink;
  readonly #outbox: Outbox;
  #caller: CallerSide | undefined;
  #server: ServerSide | undefined;
  /** The number of sides that use the link. */
  #users = 0;
  /** Whether this end serves no longer. */
  #hasServed = false;
  /** The number of refusals that the link has no room for yet. */
  #refusing = 0;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(link: MessageLink) {
    this.#link = link;
    this.#outbox = new Outbox(link);
    this.#outbox.send(HELLO).catch((error) => this.#fail(error));
    // The first frame is read in a later microtask, so that a script can call and serve on one link.
    void Promise.resolve().then(() => this.#run());
  }

  /**
   * Returns the exchange of a link. It begins to send and to read at the first call.
   *
   * @throws {Deno.errors.BadResource} If the link is over.
   */
  static of(link: MessageLink): Exchange {
    const known = EXCHANGES.get(link);
    if (known?.isOver) throw new Deno.errors.BadResource("The link is over: make another one");
    if (known !== undefined) return known;
    const exchange = new Exchange(link);
    EXCHANGES.set(link, exchange);
    return exchange;
  }

  /**
   * Sets the side that calls.
   *
   * @throws {Deno.errors.Busy} If this end calls over the link already, or did so.
   */
  addCaller(caller: CallerSide): void {
    if (this.#caller !== undefined) throw inUse("client()");
    this.#caller = caller;
    this.#users++;
  }

  /**
   * Sets the side that serves.
   *
   * @throws {Deno.errors.Busy} If this end serves over the link already, or did so.
   */
  addServer(server: ServerSide): void {
    if (this.#server !== undefined) throw inUse("serve()");
    this.#server = server;
    this.#users++;
  }

  /** Whether the link is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Is fulfilled when the link is over and closed. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The process at the other end. */
  get peer(): LinkPeer | undefined {
    return this.#link.peer;
  }

  /**
   * Sends a frame, whose values the caller can change afterwards. It never throws.
   *
   * @returns A promise that rejects as that of {@linkcode MessageLink.send}.
   */
  send(frame: Frame, options?: SendOptions): Promise<void> {
    return this.#outbox.send(frame, options);
  }

  /** Sends a frame that can only fail if the link is broken. The link ends then. */
  sendPlain(frame: Frame): Promise<void> {
    return this.send(frame, { isOwn: true }).catch((error) => this.#fail(error));
  }

  /** Lets the process end while the link is open, or keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#link.ref?.();
    else this.#link.unref?.();
  }

  /** Whether both sides of this end use the link. */
  get isShared(): boolean {
    return this.#users > 1;
  }

  /** Ends the use of the link by the server. Later calls get an error. */
  leaveServer(): void {
    this.#hasServed = true;
    this.leave();
  }

  /** Ends the use of the link by one side. The last side closes the link. */
  leave(): void {
    this.#users--;
    if (this.#users === 0) this.end(undefined);
  }

  /**
   * Ends the link for both sides.
   *
   * @param error The reason, or `undefined` if the peer or this end closed the link.
   */
  end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    void this.#close();
    this.#caller?.over(error);
    this.#server?.over(error);
  }

  /**
   * Ends the link after a failed send. The reader gets the time to take what the peer has sent, and
   * to find out more: a peer that has died, or one that has closed the link.
   */
  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#timer ??= setTimeout(() => this.end(error), GRACE);
  }

  async #close(): Promise<void> {
    try {
      await this.#link[Symbol.asyncDispose]();
    } catch {
      // The link is of no use any more, however it was closed.
    }
    this.#ended.resolve();
  }

  async #run(): Promise<void> {
    try {
      let isFirst = true;
      for await (const message of this.#link) {
        for (const frame of framesOf(message)) {
          if (this.#isOver) return;
          if (isFirst) assertHello(frame);
          else this.#take(toFrame(frame));
          isFirst = false;
        }
      }
      this.end(undefined);
    } catch (error) {
      this.end(error);
    }
  }

  #take(frame: Frame): void {
    const server = this.#hasServed ? undefined : this.#server;
    switch (frame[0]) {
      case KIND.call:
      case KIND.stream:
        return server === undefined ? this.#refuse(frame[1]) : server.take(frame);
      case KIND.credit:
      case KIND.abort:
        // Without a server here, the call was refused, and the frame comes too late.
        return server?.take(frame);
      default:
        if (this.#caller !== undefined) return this.#caller.take(frame);
        throw new Deno.errors.InvalidData("The peer answers an end that has called nothing");
    }
  }

  /** Answers a call to an end that serves nothing. */
  #refuse(id: number): void {
    // A peer that reads no answers must not fill the memory of this process.
    if (this.#refusing === MAX_CALLS) {
      throw new Deno.errors.InvalidData(
        "The peer calls an end that serves nothing, again and again",
      );
    }
    this.#refusing++;
    const error = new Deno.errors.NotSupported("The peer serves no calls over this link");
    void this.sendPlain([KIND.error, id, toRecord(error)]).then(() => this.#refusing--);
  }
}

function inUse(name: string): Deno.errors.Busy {
  return new Deno.errors.Busy(
    `Cannot use the link for ${name}: each end calls ${name} once for a link`,
  );
}

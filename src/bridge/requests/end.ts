/**
 * One end's subject of a link: what arrives on it, and how long the connection is the same.
 *
 * @module
 */

import { type ConnectionChange, onConnectionChange } from "../connection_changes.ts";
import type { NatsConnection, NatsMessage, NatsSubscription } from "../nats.ts";

/** Gets what arrives on the subject of an end. */
export interface EndListener {
  /** Gets a message. It must not throw, because that would end the reader of the connection. */
  hear(message: NatsMessage): void;
  /**
   * Is called when nothing arrives any more: the subscription is refused, or the connection is lost.
   *
   * @param why The reason in words, which completes a sentence.
   */
  deafen(why: string, cause?: Error): void;
}

/** Why nothing arrives any more, by the change of the connection. */
const WHY: { readonly [Change in ConnectionChange]?: string } = {
  disconnect: "this process has lost its connection to the NATS server",
  close: "the connection to the NATS server is closed",
};

/** A subject of this end alone, and a random number that the peer's messages must carry. */
export class LinkEnd implements Disposable {
  readonly subject: string;
  readonly token: bigint;
  /** Gets what arrives. */
  listener: EndListener;
  readonly #subscription: NatsSubscription;
  readonly #watch: Disposable;

  /**
   * Subscribes to the subject.
   *
   * @param prefix The tokens before the random one: `_INBOX`.
   */
  constructor(connection: NatsConnection, prefix: string, listener: EndListener) {
    this.subject = `${prefix}.${crypto.randomUUID()}`;
    this.token = crypto.getRandomValues(new BigUint64Array(1))[0]!;
    this.listener = listener;
    this.#subscription = connection.subscribe(this.subject, {
      callback: (error, message) => {
        if (error === null) this.listener.hear(message);
        else this.listener.deafen(`it cannot listen on its subject: ${error.message}`, error);
      },
    });
    // The client can connect again, but what the server sends meanwhile never arrives.
    this.#watch = onConnectionChange(connection, (change) => {
      const why = WHY[change];
      if (why !== undefined) this.listener.deafen(why);
    });
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#subscription.unsubscribe();
  }
}

/** Returns whether a message is the server's answer that nobody listens on a subject. */
export function isNobody(message: NatsMessage): boolean {
  if (message.data.length > 0) return false;
  try {
    return message.headers?.code === 503;
  } catch {
    // The headers of a stranger's message have other letters than headers can have.
    return false;
  }
}

/** Returns what was thrown as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

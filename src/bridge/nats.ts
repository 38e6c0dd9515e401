/**
 * The parts of a NATS client that a bridge uses. The objects of `@nats-io/transport-node`,
 * `@nats-io/jetstream` and `@nats-io/kv` have these parts.
 *
 * @module
 */

import type { NatsConsumer, NatsStreamManager } from "./nats_streams.ts";

/** The headers of a message. */
export interface NatsHeaders {
  /** The status that the server has sent: 503 if nobody listens on a subject. */
  readonly code?: number;
  /** Returns the first value of a header, or `""`. */
  get(name: string): string;
  /** Sets a header. */
  set(name: string, value: string): void;
  /** Returns the headers as the server gets them. A client can leave it out. */
  encode?(): Uint8Array;
}

/** A message that has arrived. */
export interface NatsMessage {
  /** The subject on which the message was published. */
  readonly subject: string;
  /** The content. */
  readonly data: Uint8Array;
  /** The headers, if the message has any. */
  readonly headers?: NatsHeaders | undefined;
  /** The subject on which the sender waits for an answer. */
  readonly reply?: string | undefined;
}

/** A subscription that passes its messages to a callback. */
export interface NatsSubscription {
  /** Is fulfilled when the subscription is closed, with the error that has closed it. */
  readonly closed: Promise<void | Error>;
  /** Stops the subscription at once. */
  unsubscribe(): void;
  /** Stops the subscription after the messages that are on their way. */
  drain(): Promise<void>;
}

/** Options of {@linkcode NatsConnection.publish}. */
export interface NatsPublishOptions {
  /** The headers of the message. @default none */
  headers?: NatsHeaders;
  /** The subject on which the sender waits for an answer. @default none */
  reply?: string;
}

/** Options of {@linkcode NatsConnection.subscribe}. */
export interface NatsSubscribeOptions {
  /** Subscriptions with the same queue share the messages of a subject. */
  queue?: string;
  /** Gets each message, or the error that ends the subscription. */
  callback?: (error: Error | null, message: NatsMessage) => void;
}

/** A connection to a server: the result of `connect()` of `@nats-io/transport-node`. */
export interface NatsConnection {
  /** What the server has told about itself; absent before the first connection. */
  readonly info?: { readonly max_payload: number } | undefined;
  /** Sends a message. The client keeps it until the server is reached. */
  publish(subject: string, data?: Uint8Array, options?: NatsPublishOptions): void;
  /** Asks the server for the messages of a subject, which can have wildcards. */
  subscribe(subject: string, options?: NatsSubscribeOptions): NatsSubscription;
  /** Waits until the server has taken all messages that were published before. */
  flush(): Promise<void>;
  /** Is fulfilled when the connection is closed for good, with the error that has closed it. */
  closed(): Promise<void | Error>;
  /** Returns whether the connection is closed for good. */
  isClosed(): boolean;
  /** Tells what happens to the connection, such as `disconnect`, `reconnect` and `error`, until
   * its end. */
  status(): AsyncIterable<{ readonly type: string; readonly error?: Error }>;
}

/** The server's acknowledgement of a message that a stream has stored. */
export interface NatsPublishAck {
  /** The number of the message in the stream. */
  readonly seq: number;
  /** Whether the stream had a message with the same id already. */
  readonly duplicate: boolean;
}

/** Options of {@linkcode NatsJetStream.publish}. */
export interface NatsStreamPublishOptions {
  /** The id by which the stream recognizes a message that it has stored already. */
  msgID?: string;
  /** Time limit of the acknowledgement in milliseconds. */
  timeout?: number;
  /** The headers of the message. @default none */
  headers?: NatsHeaders;
  /** What must be true of the stream. Otherwise, the stream refuses the message. */
  expect?: { streamName?: string; lastMsgID?: string };
}

/** The client of streams: the result of `jetstream()` of `@nats-io/jetstream`. */
export interface NatsJetStream {
  /** Sends a message to the stream of a subject, and waits for the acknowledgement. */
  publish(
    subject: string,
    data?: Uint8Array,
    options?: NatsStreamPublishOptions,
  ): Promise<NatsPublishAck>;
  /** Returns the manager of streams. It asks the server first if `checkAPI` is not false. */
  jetstreamManager(checkAPI?: boolean): Promise<NatsStreamManager>;
  /** The consumers of streams. */
  readonly consumers: {
    /** Returns a consumer of a stream. */
    get(stream: string, name: string): Promise<NatsConsumer>;
  };
}

/** The client: a connection, and what belongs to it. */
export interface NatsClient {
  /** The connection. The script closes it, after the bridge. */
  readonly connection: NatsConnection;
  /** The function `headers` of `@nats-io/transport-node`, which makes empty headers. */
  readonly headers: () => NatsHeaders;
  /** The client of streams, for routes to a stream and from one. */
  readonly jetstream?: NatsJetStream | undefined;
}

/**
 * The parts of a client of streams and buckets that a bridge uses. The objects of
 * `@nats-io/jetstream` and `@nats-io/kv` have these parts.
 *
 * @module
 */

import type { NatsHeaders } from "./nats.ts";

/** The description of a stream. */
export interface NatsStreamInfo {
  /** The settings of the stream. */
  readonly config: {
    readonly name: string;
    /** The subjects that the stream stores, which can have wildcards. */
    readonly subjects?: readonly string[];
    /** Maximum length of a message and its headers in bytes; -1 without a limit. */
    readonly max_msg_size: number;
  };
}

/** Settings of a new consumer. */
export interface NatsConsumerSettings {
  /** The name of the consumer. */
  durable_name: string;
  /** The subject of the messages to deliver, which can have wildcards. */
  filter_subject: string;
  /** Each message is acknowledged for itself. */
  ack_policy: "explicit";
  /** The first message to deliver: the oldest of the stream. */
  deliver_policy: "all";
  /** The messages are delivered as fast as they are taken. */
  replay_policy: "instant";
  /** The time after which a message is delivered again, in nanoseconds. */
  ack_wait: number;
  /** Maximum number of messages that are delivered and not acknowledged. */
  max_ack_pending: number;
}

/** The description of a consumer. */
export interface NatsConsumerInfo {
  /** The settings of the consumer. */
  readonly config: {
    readonly ack_policy: string;
    readonly filter_subject?: string;
    readonly filter_subjects?: readonly string[];
    readonly deliver_subject?: string;
    readonly ack_wait?: number;
    readonly max_ack_pending?: number;
    /** Maximum number of deliveries of a message; -1 without a limit. */
    readonly max_deliver?: number;
    /** Whether messages are delivered without their bytes. */
    readonly headers_only?: boolean;
  };
  /** The newest message that was delivered: the number of the delivery. */
  readonly delivered: { readonly consumer_seq: number };
  /** The number of messages that were delivered and are not acknowledged. */
  readonly num_ack_pending: number;
}

/** Manages streams and consumers: the result of `jetstreamManager()` of `@nats-io/jetstream`. */
export interface NatsStreamManager {
  /** Knows the streams. */
  readonly streams: {
    info(name: string): Promise<NatsStreamInfo>;
    /** Returns the name of the stream that stores a subject. */
    find(subject: string): Promise<string>;
  };
  /** Knows and makes the consumers. */
  readonly consumers: {
    info(stream: string, name: string): Promise<NatsConsumerInfo>;
    add(stream: string, settings: NatsConsumerSettings): Promise<NatsConsumerInfo>;
  };
}

/** A message of a stream. */
export interface NatsStreamMessage {
  /** The bytes of the message. */
  readonly data: Uint8Array;
  /** The headers of the message, if it has any. */
  readonly headers: NatsHeaders | undefined;
  /** The number of the message in the stream. */
  readonly seq: number;
  /** The number of this delivery among the deliveries of the consumer, from 1. */
  readonly info: { readonly deliverySequence: number };
  /** Acknowledges the message: it is not delivered again. */
  ack(): void;
  /** Gives the message back: it is delivered again. */
  nak(): void;
  /** Tells the server that the message is being processed. */
  working(): void;
}

/** Options of {@linkcode NatsConsumer.consume}. */
export interface NatsConsumeOptions {
  /** Maximum number of messages that are requested at a time. */
  max_messages: number;
  /** The time after which the messages are requested again, in milliseconds. */
  expires: number;
  /** Whether the messages end when the stream or the consumer is deleted. */
  abort_on_missing_resource: boolean;
  /** Gets each message. */
  callback: (message: NatsStreamMessage) => void;
}

/** The messages that a consumer delivers. */
export interface NatsConsumerMessages {
  /** Stops the delivery. */
  stop(): void;
  /** Is fulfilled when the delivery is over, with the error that has ended it. */
  closed(): Promise<void | Error>;
}

/** A pull consumer of a stream. */
export interface NatsConsumer {
  /** Asks the server for the state of the consumer. */
  info(): Promise<NatsConsumerInfo>;
  /** Begins to request messages, again and again. */
  consume(options: NatsConsumeOptions): Promise<NatsConsumerMessages>;
}

/** A change of a key of a bucket. */
export interface NatsBucketEntry {
  /** Whether the key has a new value, or was deleted. */
  readonly operation: "PUT" | "DEL" | "PURGE";
  /** The bytes of the value. */
  readonly value: Uint8Array;
}

/** The changes of a bucket. */
export interface NatsBucketChanges extends AsyncIterable<NatsBucketEntry> {
  /** Ends the iteration. */
  stop(): void;
}

/** A key-value bucket: the result of `Kvm.create()` or `Kvm.open()` of `@nats-io/kv`. */
export interface NatsBucket {
  /** Stores a value under a key, and returns the number of the change. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Returns the newest value of a key, and then each change. */
  watch(options: { key: string }): Promise<NatsBucketChanges>;
  /** Asks the server for the bucket's state. It fails if there is no such bucket. */
  status(): Promise<unknown>;
}

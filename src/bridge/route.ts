/**
 * The routes of a bridge: from where to where, and what is promised.
 *
 * @module
 */

import type { BroadcastRing } from "../channel/broadcast/ring.ts";
import type { LatestValue } from "../channel/latest/value.ts";
import type { RingChannel } from "../channel/ring/channel.ts";
import type { CopyDataListener } from "../messages/listen/listener.ts";
import type { WindowTarget } from "../messages/window/find.ts";
import type { PipeConnection } from "../pipe/connection.ts";
import type { Mailslot, MailslotSender } from "../pipe/mailslot.ts";
import type { Fields } from "../struct/mod.ts";
import type { NatsBucket } from "./nats_streams.ts";

/**
 * Where the messages of an outgoing route come from:
 *
 * - a ring, with or without a layout of messages: the bridge opens its receiver, and closes it. A
 *   message leaves the ring when the bridge passes it on;
 * - a broadcast ring: the bridge opens a receiver. Messages that it misses are counted as lost;
 * - a connection over a pipe with `mode: "messages"`, a mailslot or a listener for WM_COPYDATA: the
 *   script closes it, after the bridge;
 * - any async iterable of bytes: each item is a message. The bridge returns its iterator.
 */
export type Source =
  | RingChannel<unknown, unknown, unknown>
  | BroadcastRing<unknown, unknown, unknown>
  | PipeConnection
  | Mailslot
  | CopyDataListener
  | AsyncIterable<Uint8Array>;

/** A window that gets each message of a route by WM_COPYDATA. */
export interface WindowSink {
  /** The window, such as a listener of another program that `findWindow` has found. */
  readonly window: WindowTarget;
  /** The number that identifies the kind of data for the receiver (`dwData`). @default 0 */
  readonly id?: number | bigint;
  /** Maximum time to wait for each answer, in milliseconds, at least 1. @default 5000 */
  readonly timeout?: number;
}

/**
 * Where the messages of an incoming route go to:
 *
 * - a ring, with or without a layout of messages: the bridge opens a sender, and closes it. The bytes
 *   travel as they are, so both ends of the bridge must have the same layout;
 * - a broadcast ring: the bridge opens its sender;
 * - a connection over a pipe with `mode: "messages"`, or the sending end of a mailslot: the script
 *   closes it, after the bridge;
 * - a window. A message that it answers 0 is counted as lost.
 */
export type Sink =
  | RingChannel<unknown, unknown, unknown>
  | BroadcastRing<unknown, unknown, unknown>
  | PipeConnection
  | MailslotSender
  | WindowSink;

/** A latest value of any layout. */
export type AnyLatestValue = LatestValue<Fields>;

/**
 * Delivery to a JetStream stream, at least once. A message leaves the ring when the stream has
 * acknowledged it, and the stream stores the messages in order, also after a failure.
 *
 * A message is stored once if its acknowledgement arrives within the duplicate window of the stream
 * (`duplicate_window`, 2 minutes if the stream does not set it). After a longer failure, the stream
 * can have the oldest messages twice. Messages of an iterable, a pipe, a mailslot or a listener are
 * in the memory of this process until they are acknowledged.
 *
 * A route is fastest if nobody else publishes to its stream: other messages between its own make it
 * wait for an acknowledgement.
 */
export interface StreamDelivery {
  /** The name of the stream, which must exist, and must store the route's subject. */
  readonly stream: string;
  /**
   * Maximum number of messages that the stream has not acknowledged yet, an integer from 1 to
   * 65,536. @default 256
   */
  readonly inFlight?: number;
  /**
   * Returns the id of a message by its number: 1 to 128 characters of ASCII without spaces. The
   * stream drops a message whose id it has stored already. @default the identity of the source, and
   * the number
   */
  readonly id?: (sequence: bigint) => string;
}

/** A route from this machine to a subject. */
export interface OutgoingRoute {
  /** Where the messages come from. */
  readonly from: Source;
  /** The subject to publish on, without wildcards. */
  readonly subject: string;
  /** What is promised. @default "atMostOnce" */
  readonly delivery?: "atMostOnce" | StreamDelivery;
  /**
   * What is done about messages longer than the server takes: `"refuse"` refuses the route if the
   * ring can have such messages, `"drop"` drops and counts them. Other sources than rings have no
   * such limit, so their longer messages are always dropped and counted. No message is cut.
   *
   * @default "refuse"
   */
  readonly tooLong?: "refuse" | "drop";
}

/** A route from a subject to this machine. */
export interface IncomingRoute {
  /** The subject to subscribe to. It can have wildcards. */
  readonly subject: string;
  /**
   * The name of a durable consumer of the subject's stream, for a delivery at least once and in the
   * order of the stream. The route makes the consumer if it does not exist. Only one route at a time
   * can use it. A message is acknowledged when the sink has it; all others go to the next bridge with
   * the same consumer. If a bridge was killed, the next one waits until the server delivers its
   * messages again, which takes 5 seconds. Then the sink can get the last ones twice.
   *
   * @default none
   */
  readonly durable?: string;
  /** Where the messages go to. */
  readonly to: Sink;
}

/** The key of a bucket by which a latest value travels. The bytes of the value are stored. */
export interface BucketRoute {
  /** The bucket: the result of `Kvm.create()` or `Kvm.open()` of `@nats-io/kv`. */
  readonly bucket: NatsBucket;
  /** The key, without wildcards. */
  readonly key: string;
}

/**
 * A route from a latest value to a bucket. It puts the newest value when it begins, then each
 * change, and the newest value when it is closed. Values that change faster than the server stores
 * them are left out.
 */
export interface OutgoingBucketRoute extends BucketRoute {
  /** The latest value. The bridge opens a reader. */
  readonly from: AnyLatestValue;
}

/**
 * A route from a bucket to a latest value. A value of another length than the layout's ends the
 * route, and is not written. A deleted key changes nothing.
 */
export interface IncomingBucketRoute extends BucketRoute {
  /** The latest value. The bridge opens its writer. */
  readonly to: AnyLatestValue;
}

/** A route of a bridge. */
export type Route = OutgoingRoute | IncomingRoute | OutgoingBucketRoute | IncomingBucketRoute;

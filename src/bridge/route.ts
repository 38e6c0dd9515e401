/**
 * The routes of a bridge: from where to where, and what is promised.
 *
 * @module
 */

import type { AnyRing } from "../channel/broadcast/ring.ts";
import type { AnyChannel } from "../channel/ring/channel.ts";
import type { CopyDataListener } from "../messages/listen/listener.ts";
import type { WindowTarget } from "../messages/window/find.ts";
import type { PipeConnection } from "../pipe/connection.ts";
import type { Mailslot, MailslotSender } from "../pipe/mailslot.ts";

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
  | AnyChannel
  | AnyRing
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
export type Sink = AnyChannel | AnyRing | PipeConnection | MailslotSender | WindowSink;

/** Delivery to a JetStream stream, at least once. */
export interface StreamDelivery {
  /** The name of the stream, which must store the route's subject. */
  readonly stream: string;
  /**
   * Maximum number of messages that the stream has not acknowledged yet, an integer from 1 to
   * 65,536. @default 256
   */
  readonly inFlight?: number;
  /**
   * Returns the id of a message by its number. The stream drops a message whose id it has stored
   * already. @default the identity of the source, and the number
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
  /** The name of the stream's durable consumer, for a delivery at least once. @default none */
  readonly durable?: string;
  /** Where the messages go to. */
  readonly to: Sink;
}

/** A route of a bridge. */
export type Route = OutgoingRoute | IncomingRoute;

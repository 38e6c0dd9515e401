/**
 * The routes of a bridge: from where to where, and what is promised.
 *
 * @module
 */

import type { RingChannel } from "../channel/ring/channel.ts";

/** Where the messages of an outgoing route come from. The bridge opens the receiving end. */
export type Source = RingChannel;

/** Where the messages of an incoming route go to. The bridge opens the sending end. */
export type Sink = RingChannel;

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
   * source can have such messages, `"drop"` drops and counts them. @default "refuse"
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

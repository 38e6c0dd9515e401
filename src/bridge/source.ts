/**
 * The sources of routes, as the routes see them.
 *
 * @module
 */

/** A message of a source. */
export interface SourceMessage {
  readonly bytes: Uint8Array;
  /**
   * The number of the message, an integer from 0. Each message has the number after the one before.
   * Messages that the source has lost leave a gap.
   */
  readonly number: number;
}

/** A source of messages: one end of a channel, a pipe, a mailslot, a listener or an iterable. */
export interface RouteSource {
  /** The source in words: `ring "Local\\lines"`. */
  readonly label: string;
  /**
   * Says which source this is, for the ids of its messages: the same as long as the numbers go on,
   * also in another process. It differs if the numbers have begun again, and on each computer. It
   * consists of hexadecimal digits.
   */
  readonly identity: string;
  /** The length of the longest message in bytes, if the source limits it. */
  readonly maxMessageLength: number | undefined;
  /** The number of messages that the source has lost before they could be taken. */
  readonly missed: number;
  /**
   * Waits for the next message. The source keeps the message until {@linkcode release}, if it can.
   *
   * @returns `undefined` if no message can come any more.
   * @throws The reason of the signal.
   */
  next(signal: AbortSignal): Promise<SourceMessage | undefined>;
  /** Returns the next message if it is there already. */
  tryNext(): SourceMessage | undefined;
  /** Releases the oldest messages that were taken and not released. */
  release(count: number): void;
  /** Closes the end that the bridge has opened. Messages that were not released stay. */
  close(): Promise<void> | void;
}

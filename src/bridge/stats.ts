/**
 * The counts of a route.
 *
 * @module
 */

/** The counts of a route since the bridge began. */
export interface RouteStats {
  /** The route in words: `ring "Local\\lines" => desk.lines`. */
  readonly route: string;
  /** Whether the route goes on, has come to its source's end or was closed, or has failed. */
  readonly state: "running" | "ended" | "failed";
  /** The error that has ended the route. */
  readonly error?: unknown;
  /** The number of messages that the route has taken from its source. */
  readonly taken: number;
  /**
   * The number of messages that the target has taken: the server, a stream, or a sink. If the
   * connection breaks, an outgoing route at most once cannot know whether the server has taken its
   * last messages. Then these are counted neither here nor in `pending`. The messages that the
   * server refuses before the route fails are counted here.
   */
  readonly delivered: number;
  /** The number of bytes of these messages. */
  readonly bytes: number;
  /** The number of messages that were taken, and that the target has not acknowledged yet. */
  readonly pending: number;
  /**
   * The number of messages that are known to be lost:
   *
   * - the numbers of the messages that arrived have gaps;
   * - the sink has dropped a message by its own policy, or was full for too long;
   * - the source has overwritten or dropped messages before the route could read them.
   */
  readonly lost: number;
  /** The number of messages that were too long for the target, and were dropped. */
  readonly tooLong: number;
  /** The number of messages that had arrived before, and were dropped: here, or by the stream. */
  readonly duplicates: number;
  /** The number of times that messages were sent again, because their acknowledgement failed. */
  readonly retries: number;
}

/** The counts of a route, as the route changes them. */
export class RouteCounts {
  taken = 0;
  delivered = 0;
  bytes = 0;
  lost = 0;
  tooLong = 0;
  duplicates = 0;
  retries = 0;
  /** The number of messages that were taken, and that the target has not acknowledged yet. */
  pending = 0;

  /** Counts lost messages. A hostile peer can pretend any number of them. */
  lose(count: number): void {
    this.lost = Math.min(this.lost + count, Number.MAX_SAFE_INTEGER);
  }

  /** Counts a message that the target has taken. */
  deliver(byteLength: number): void {
    this.delivered++;
    this.bytes += byteLength;
  }
}

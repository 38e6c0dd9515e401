/**
 * What the run of a route gets, and how it ends.
 *
 * @module
 */

import type { NatsClient } from "./nats.ts";
import type { RouteCounts } from "./stats.ts";

/** What the run of a route gets. */
export interface RunContext {
  readonly nats: NatsClient;
  readonly counts: RouteCounts;
  /**
   * Is aborted when the bridge is closed. A run then takes nothing more from its source, and ends
   * when its target has taken everything that the run took before.
   */
  readonly closing: AbortSignal;
  /** Is aborted when that lasts too long, or the connection is closed. A run then ends at once. */
  readonly givingUp: AbortSignal;
}

/** Carries the messages of a route, until the source ends or the bridge is closed. */
export type Run = (context: RunContext) => Promise<void>;

/** Returns whether an error is only the end of a wait that `closing` has stopped. */
export function isClosing(error: unknown, { closing }: Pick<RunContext, "closing">): boolean {
  return closing.aborted && error === closing.reason;
}

/**
 * A route that runs, and its counts.
 *
 * @module
 */

import { dropPromise } from "../../ffi/arguments.ts";
import { within } from "../wait/options.ts";
import type { OpenRoute } from "./open_route.ts";
import { isClosing, type RunContext } from "./run.ts";
import { RouteCounts, type RouteStats } from "./stats.ts";

/**
 * Time in milliseconds for the end of a source. A script's iterable must not hold the bridge for
 * ever.
 */
const MAX_CLOSE = 1000;

/** A route that runs. */
export class RunningRoute {
  readonly #route: OpenRoute;
  readonly #counts = new RouteCounts();
  #state: RouteStats["state"] = "running";
  #failure: { readonly error: unknown } | undefined;

  constructor(route: OpenRoute) {
    this.#route = route;
  }

  /** The counts now. */
  get stats(): RouteStats {
    const { taken, delivered, bytes, pending, lost, tooLong, duplicates, retries } = this.#counts;
    return {
      route: this.#route.label,
      state: this.#state,
      ...(this.#failure === undefined ? {} : this.#failure),
      taken,
      delivered,
      bytes,
      pending,
      lost: lost + this.#route.missed,
      tooLong,
      duplicates,
      retries,
    };
  }

  /**
   * Carries the messages until the route is over, and closes its ends.
   *
   * @returns The error that has ended the route, if one has.
   */
  async run(
    context: Omit<RunContext, "counts">,
    onError?: (error: unknown, stats: RouteStats) => void,
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#route.run({ ...context, counts: this.#counts });
    } catch (error) {
      if (!isClosing(error, context)) this.#failure = { error };
    }
    const { givingUp } = context;
    if (givingUp.aborted) this.#failure ??= { error: givingUp.reason };
    try {
      await within(Promise.resolve(this.#route.close()), MAX_CLOSE);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#state = this.#failure === undefined ? "ended" : "failed";
    if (this.#failure !== undefined) report(this.#failure.error, this.stats, onError);
    return this.#failure;
  }
}

/** Tells a script of an error. An error of the script's function is ignored. */
function report(
  error: unknown,
  stats: RouteStats,
  onError: ((error: unknown, stats: RouteStats) => void) | undefined,
): void {
  try {
    dropPromise(onError?.(error, stats));
  } catch {
    // The script has nobody else to tell.
  }
}

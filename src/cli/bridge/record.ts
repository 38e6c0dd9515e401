/**
 * The counts of routes, as `winipc bridge` prints them.
 *
 * @module
 */

import { messageOf } from "../command_line/failure.ts";
import type { RouteStats } from "../../bridge/mod.ts";

/** The counts of a route. The keys are those of the JSON object. */
export interface RouteRecord {
  /** The time of the look. */
  readonly time: string;
  /** The route in the user's words. */
  readonly route: string;
  readonly state: RouteStats["state"];
  /** The text of the error that has ended the route. */
  readonly error?: string;
  /** The rate of delivered messages since the last look. */
  readonly messagesPerSecond: number;
  readonly taken: number;
  readonly delivered: number;
  readonly bytes: number;
  readonly pending: number;
  readonly lost: number;
  readonly tooLong: number;
  readonly duplicates: number;
  readonly retries: number;
}

/** Makes records of counts, with the rates between two looks. */
export class RouteMeter {
  readonly #routes: readonly string[];
  readonly #delivered: number[];
  #looked: number;

  /**
   * @param routes The routes in the user's words.
   * @param now The time of the first interval's begin, in milliseconds.
   */
  constructor(routes: readonly string[], now: number) {
    this.#routes = routes;
    this.#delivered = routes.map(() => 0);
    this.#looked = now;
  }

  /** Returns the records, in the order of the routes. */
  measure(stats: readonly RouteStats[], now: number): RouteRecord[] {
    const seconds = (now - this.#looked) / 1000;
    this.#looked = now;
    const time = new Date().toISOString();
    return stats.map(({ route: _, error, ...counts }, at) => {
      const count = counts.delivered - this.#delivered[at]!;
      this.#delivered[at] = counts.delivered;
      const { state, taken, delivered, bytes, pending, lost, tooLong, duplicates, retries } =
        counts;
      return {
        time,
        route: this.#routes[at]!,
        state,
        ...(state === "failed" && { error: messageOf(error) }),
        messagesPerSecond: seconds > 0 ? Math.round(10 * count / seconds) / 10 : 0,
        taken,
        delivered,
        bytes,
        pending,
        lost,
        tooLong,
        duplicates,
        retries,
      };
    });
  }
}

/**
 * Checks that the options of `winipc bridge` fit its routes.
 *
 * @module
 */

import type { OptionsOf } from "../command_line/command.ts";
import type { SpecOf } from "../commands.ts";
import { UsageError } from "../command_line/failure.ts";
import { assertMayTake } from "../targets/taking.ts";
import type { RouteWords } from "./route_words.ts";

/** The values of the options. */
export type BridgeOptions = OptionsOf<SpecOf<"bridge">>;

/**
 * Checks the options, before anything is opened.
 *
 * @throws {UsageError} If they do not fit the routes, or a route would take another program's
 *   messages.
 */
export function assertFits(
  routes: readonly RouteWords[],
  options: Pick<BridgeOptions, "stream" | "in-flight" | "durable" | "take">,
): void {
  const { stream, durable, take } = options;
  const incoming = routes.filter((route) => "to" in route);
  if (stream === undefined && options["in-flight"] !== undefined) {
    throw new UsageError(
      "Expected --stream NAME with --in-flight, which limits what a stream takes",
    );
  }
  if (stream !== undefined && incoming.length === routes.length && durable === undefined) {
    throw new UsageError(
      "Expected a route to a subject with --stream, got only routes from subjects",
    );
  }
  if (durable !== undefined && incoming.length !== 1) {
    throw new UsageError(
      `Expected one route from a subject with --durable, got ${incoming.length}: each needs a ` +
        "consumer of its own",
    );
  }
  for (const route of routes) if ("from" in route) assertMayTake(route.from, take);
}

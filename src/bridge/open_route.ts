/**
 * Opens the ends of a route, and chooses how its messages are carried.
 *
 * @module
 */

import { assertObject } from "../../ffi/arguments.ts";
import { carryFromSubject } from "./in/at_most_once.ts";
import type { NatsClient } from "./nats.ts";
import { carryToSubject } from "./out/at_most_once.ts";
import type { IncomingRoute, OutgoingRoute, Route } from "./route.ts";
import type { Run } from "./run.ts";
import { openSink } from "./sinks/open.ts";
import { openSource } from "./sources/open.ts";

/** A route whose ends are open. */
export interface OpenRoute {
  /** The route in words. */
  readonly label: string;
  /** The number of messages that the source has lost before they could be taken. */
  readonly missed: number;
  readonly run: Run;
  /** Closes the ends. */
  close(): Promise<void> | void;
}

/**
 * Opens the ends of a route.
 *
 * @throws The errors of `bridge()`.
 */
export function openRoute(nats: NatsClient, route: Route): OpenRoute {
  assertObject("a route", route);
  return "from" in route ? openOutgoing(nats, route) : openIncoming(route);
}

function openOutgoing(nats: NatsClient, route: OutgoingRoute): OpenRoute {
  const source = openSource(route.from);
  return {
    label: `${source.label} => ${route.subject}`,
    get missed() {
      return source.missed;
    },
    run: (context) => carryToSubject(source, route, context),
    close: () => source.close(),
  };
}

function openIncoming(route: IncomingRoute): OpenRoute {
  const sink = openSink(route.to);
  return {
    label: `${route.subject} => ${sink.label}`,
    missed: 0,
    run: (context) => carryFromSubject(route, sink, context),
    close: () => sink.close(),
  };
}

/**
 * Opens the ends of a route, and chooses how its messages are carried.
 *
 * @module
 */

import {
  anyValue,
  assertObject,
  assertOneOf,
  assertOptions,
  assertString,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { originLength } from "./header.ts";
import { carryFromSubject } from "./in/at_most_once.ts";
import type { NatsClient } from "./nats.ts";
import { carryToSubject } from "./out/at_most_once.ts";
import { assertFits } from "./out/size.ts";
import type { IncomingRoute, OutgoingRoute, Route } from "./route.ts";
import type { Run } from "./run.ts";
import { openSink } from "./sinks/open.ts";
import { openSource } from "./sources/open.ts";
import { assertPublishSubject, assertSubscribeSubject } from "./subject.ts";

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
  if ("from" in route === "to" in route) {
    throw new TypeError(
      'Expected a route to have either "from" or "to": { from, subject } or { subject, to }',
    );
  }
  return "from" in route ? openOutgoing(nats, route) : openIncoming(route);
}

const OUTGOING_CHECKS: OptionChecks<OutgoingRoute> = {
  from: anyValue,
  subject: (_name, value) => assertPublishSubject(value),
  delivery(name, value) {
    if (typeof value !== "object") assertOneOf(name, value, ["atMostOnce"]);
  },
  tooLong: oneOf(["refuse", "drop"]),
};

const INCOMING_CHECKS: OptionChecks<IncomingRoute> = {
  subject: (_name, value) => assertSubscribeSubject(value),
  durable: assertString,
  to: anyValue,
};

function openOutgoing(nats: NatsClient, route: OutgoingRoute): OpenRoute {
  assertOptions(route, OUTGOING_CHECKS);
  assertPublishSubject(route.subject);
  const source = openSource(route.from);
  try {
    const headerLength = originLength(source.identity);
    assertFits(source, route, { connection: nats.connection, headerLength });
  } catch (error) {
    void source.close();
    throw error;
  }
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
  assertOptions(route, INCOMING_CHECKS);
  assertSubscribeSubject(route.subject);
  const sink = openSink(route.to);
  return {
    label: `${route.subject} => ${sink.label}`,
    missed: 0,
    run: (context) => carryFromSubject(route, sink, context),
    close: () => sink.close(),
  };
}

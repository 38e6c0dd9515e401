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
  dropPromise,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { originLength } from "./header.ts";
import { carryFromSubject } from "./in/at_most_once.ts";
import { carryFromStream } from "./in/durable.ts";
import type { NatsClient } from "./nats.ts";
import { openBucketRoute } from "./open_bucket_route.ts";
import { carryToSubject } from "./out/at_most_once.ts";
import { checkDelivery } from "./out/delivery.ts";
import { assertFits } from "./out/size.ts";
import { carryToStream } from "./out/stream.ts";
import { headerLength } from "./out/stream_limit.ts";
import type { IncomingRoute, OutgoingRoute, Route } from "./route.ts";
import type { Run } from "./run.ts";
import { openSink } from "./sinks/open.ts";
import { openSource } from "./sources/open.ts";
import { streamClientOf } from "./stream_check.ts";
import { assertName, assertPublishSubject, assertSubscribeSubject } from "./subject.ts";

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
  if ("bucket" in route) return openBucketRoute(nats, route);
  return "from" in route ? openOutgoing(nats, route) : openIncoming(nats, route);
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
  durable: assertName,
  to: anyValue,
};

function openOutgoing(nats: NatsClient, route: OutgoingRoute): OpenRoute {
  assertOptions(route, OUTGOING_CHECKS);
  assertPublishSubject(route.subject);
  const { delivery = "atMostOnce" } = route;
  const stream = delivery === "atMostOnce" ? undefined : checkDelivery(delivery, nats);
  const source = openSource(route.from);
  try {
    const length = stream === undefined
      ? originLength(source.identity)
      : headerLength(source, stream);
    assertFits(source, route, { connection: nats.connection, headerLength: length });
  } catch (error) {
    dropPromise(source.close());
    throw error;
  }
  return {
    label: `${source.label} => ${route.subject}`,
    get missed() {
      return source.missed;
    },
    run: (context) =>
      stream === undefined
        ? carryToSubject(source, route, context)
        : carryToStream(source, route, stream, context),
    close: () => source.close(),
  };
}

function openIncoming(nats: NatsClient, route: IncomingRoute): OpenRoute {
  assertOptions(route, INCOMING_CHECKS);
  assertSubscribeSubject(route.subject);
  const { subject, durable } = route;
  if (durable !== undefined) streamClientOf(nats);
  const sink = openSink(route.to);
  return {
    label: `${route.subject} => ${sink.label}`,
    missed: 0,
    run: (context) =>
      durable === undefined
        ? carryFromSubject(route, sink, context)
        : carryFromStream({ subject, durable }, sink, context),
    close: () => sink.close(),
  };
}

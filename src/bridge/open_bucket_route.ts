/**
 * Opens the ends of the routes between latest values and buckets.
 *
 * @module
 */

import { assertFunction, assertObject, assertString, show } from "../../ffi/arguments.ts";
import { bytesReaderOf, bytesWriterOf } from "../channel/latest/bytes.ts";
import { LatestValue } from "../channel/latest/value.ts";
import { carryFromBucket } from "./in/bucket.ts";
import type { NatsClient } from "./nats.ts";
import type { OpenRoute } from "./open_route.ts";
import { carryToBucket } from "./out/bucket.ts";
import { assertValueFits } from "./out/size.ts";
import type {
  AnyLatestValue,
  BucketRoute,
  IncomingBucketRoute,
  OutgoingBucketRoute,
} from "./route.ts";

/**
 * Opens the reader or the writer of a latest value.
 *
 * @throws {TypeError} If a part of the route is of the wrong kind.
 * @throws {RangeError} If the latest value is longer than the server takes.
 * @throws {Deno.errors.Busy} If the latest value has a writer already.
 */
export function openBucketRoute(
  nats: NatsClient,
  route: OutgoingBucketRoute | IncomingBucketRoute,
): OpenRoute {
  assertBucket(route);
  return "from" in route ? openOutgoing(nats, route) : openIncoming(route);
}

function openOutgoing(nats: NatsClient, route: OutgoingBucketRoute): OpenRoute {
  assertLatestValue("source", route.from);
  const reader = bytesReaderOf(route.from);
  try {
    assertValueFits(reader, route, nats);
  } catch (error) {
    reader.close();
    throw error;
  }
  return {
    label: `${reader.label} => key "${route.key}"`,
    missed: 0,
    run: (context) => carryToBucket(reader, route, context),
    close: () => reader.close(),
  };
}

function openIncoming(route: IncomingBucketRoute): OpenRoute {
  assertLatestValue("sink", route.to);
  const writer = bytesWriterOf(route.to);
  return {
    label: `key "${route.key}" => ${writer.label}`,
    missed: 0,
    run: (context) => carryFromBucket(route, writer, context),
    close: () => writer.close(),
  };
}

function assertBucket({ bucket, key }: BucketRoute): void {
  assertObject("the route's bucket", bucket);
  for (const name of ["put", "watch", "status"] as const) {
    assertFunction(`the bucket's ${name}`, bucket[name]);
  }
  assertString("the route's key", key);
  if (!/^[^*>\s\p{Cc}]+$/u.test(key) || !key.isWellFormed()) {
    throw new TypeError(
      `Expected the route's key to have no wildcards and spaces, got ${show(key)}`,
    );
  }
}

function assertLatestValue(end: string, value: AnyLatestValue): void {
  if (value instanceof LatestValue) return;
  throw new TypeError(`Expected the ${end} of a bucket's route to be a LatestValue`);
}

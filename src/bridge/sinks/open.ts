/**
 * Opens the sending end of a route's sink.
 *
 * @module
 */

import { RingChannel } from "../../channel/ring/channel.ts";
import type { Sink } from "../route.ts";
import type { RouteSink } from "../sink.ts";
import { RingSink } from "./ring.ts";

/**
 * Opens the sending end of a sink.
 *
 * @throws {TypeError} If the sink is of no kind that a bridge knows.
 */
export function openSink(sink: Sink): RouteSink {
  if (sink instanceof RingChannel) return new RingSink(sink);
  throw new TypeError("Expected the sink of a route to be a RingChannel");
}

/**
 * Opens the sending end of a route's sink.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { BroadcastRing } from "../../channel/broadcast/ring.ts";
import { RingChannel } from "../../channel/ring/channel.ts";
import { PipeConnection } from "../../pipe/connection.ts";
import { MailslotSender } from "../../pipe/mailslot.ts";
import type { Sink } from "../route.ts";
import type { RouteSink } from "../sink.ts";
import { broadcastSink, mailslotSink, pipeSink, windowSink } from "./plain.ts";
import { RingSink } from "./ring.ts";

/**
 * Opens the sending end of a sink.
 *
 * @throws {TypeError} If the sink is of no kind that a bridge knows, or is a pipe of bytes.
 * @throws {Deno.errors.Busy} If no sender's place of the ring is free.
 */
export function openSink(sink: Sink): RouteSink {
  if (sink instanceof RingChannel) return new RingSink(sink);
  if (sink instanceof BroadcastRing) return broadcastSink(sink);
  if (sink instanceof PipeConnection) return pipeSink(sink);
  if (sink instanceof MailslotSender) return mailslotSink(sink);
  const given: unknown = sink;
  if (typeof given === "object" && given !== null && "window" in given) return windowSink(sink);
  throw new TypeError(
    "Expected the sink of a route to be a RingChannel, a BroadcastRing, a PipeConnection, a " +
      `MailslotSender or { window }, got ${show(given)}`,
  );
}

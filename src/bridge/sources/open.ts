/**
 * Opens the receiving end of a route's source.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { BroadcastRing } from "../../channel/broadcast/ring.ts";
import { RingChannel } from "../../channel/ring/channel.ts";
import { CopyDataListener } from "../../messages/listen/listener.ts";
import { PipeConnection } from "../../pipe/connection.ts";
import { Mailslot } from "../../pipe/mailslot.ts";
import type { Source } from "../route.ts";
import type { RouteSource } from "../source.ts";
import { BroadcastSource } from "./broadcast.ts";
import { iterableSource } from "./iterable.ts";
import { RingSource } from "./ring.ts";
import { copyDataSource, mailslotSource, pipeSource } from "./taken.ts";

/**
 * Opens the receiving end of a source.
 *
 * @throws {TypeError} If the source is of no kind that a bridge knows, or is a pipe of bytes.
 * @throws {Deno.errors.Busy} If the ring has a receiver already.
 */
export function openSource(source: Source): RouteSource {
  if (source instanceof RingChannel) return new RingSource(source);
  if (source instanceof BroadcastRing) return new BroadcastSource(source);
  if (source instanceof PipeConnection) return pipeSource(source);
  if (source instanceof Mailslot) return mailslotSource(source);
  if (source instanceof CopyDataListener) return copyDataSource(source);
  const given: unknown = source;
  if (typeof given === "object" && given !== null && Symbol.asyncIterator in source) {
    return iterableSource(source);
  }
  throw new TypeError(
    "Expected the source of a route to be a RingChannel, a BroadcastRing, a PipeConnection, a " +
      `Mailslot, a CopyDataListener or an async iterable of Uint8Array, got ${show(given)}`,
  );
}

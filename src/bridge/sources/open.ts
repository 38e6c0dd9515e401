/**
 * Opens the receiving end of a route's source.
 *
 * @module
 */

import { RingChannel } from "../../channel/ring/channel.ts";
import type { Source } from "../route.ts";
import type { RouteSource } from "../source.ts";
import { RingSource } from "./ring.ts";

/**
 * Opens the receiving end of a source.
 *
 * @throws {TypeError} If the source is of no kind that a bridge knows.
 */
export function openSource(source: Source): RouteSource {
  if (source instanceof RingChannel) return new RingSource(source);
  throw new TypeError("Expected the source of a route to be a RingChannel");
}

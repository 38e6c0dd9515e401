/**
 * Carries messages of a source to a subject, at most once.
 *
 * @module
 */

import { writeOrigin } from "../header.ts";
import type { OutgoingRoute } from "../route.ts";
import type { RunContext } from "../run.ts";
import type { RouteSource, SourceMessage } from "../source.ts";

/**
 * Maximum number of bytes and of messages on their way to the server. A slow server so fills the
 * source, and not the memory of this process.
 */
const MAX_UNFLUSHED_BYTES = 262_144;
const MAX_UNFLUSHED = 1024;

/** Publishes the messages of a source. */
export async function carryToSubject(
  source: RouteSource,
  { subject }: OutgoingRoute,
  { nats: { connection, headers }, counts, closing }: RunContext,
): Promise<void> {
  const { identity } = source;
  let bytes = 0;
  let unflushed = 0;
  const publish = (message: SourceMessage) => {
    const origin = headers();
    writeOrigin(origin, { source: identity, sequence: message.number });
    connection.publish(subject, message.bytes, { headers: origin });
    source.release(1);
    counts.taken++;
    counts.deliver(message.bytes.length);
    bytes += message.bytes.length;
    unflushed++;
  };
  for (let message; (message = await source.next(closing)) !== undefined;) {
    publish(message);
    while (bytes < MAX_UNFLUSHED_BYTES && unflushed < MAX_UNFLUSHED) {
      const more = source.tryNext();
      if (more === undefined) break;
      publish(more);
    }
    await connection.flush();
    bytes = unflushed = 0;
  }
}

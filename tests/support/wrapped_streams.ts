/**
 * Clients of streams that a test changes: their acknowledgements are late, lost or never come.
 *
 * @module
 */

import type {
  NatsClient,
  NatsJetStream,
  NatsPublishAck,
  NatsStreamPublishOptions,
} from "../../src/bridge/mod.ts";

/** Publishes a message really. */
export type Publish = (options?: NatsStreamPublishOptions) => Promise<NatsPublishAck>;

/**
 * Returns the client of a stream, with another way to publish.
 *
 * @param publish Gets the function that publishes a message, and the number of publications before.
 */
export function withPublish(
  { connection, headers, jetstream }: NatsClient & { readonly jetstream: NatsJetStream },
  publish: (real: Publish, count: number) => Promise<NatsPublishAck>,
): NatsClient {
  let count = 0;
  const wrapped: NatsJetStream = {
    publish: (subject, data, options) =>
      publish((changed) => jetstream.publish(subject, data, { ...options, ...changed }), count++),
    jetstreamManager: (checkApi) => jetstream.jetstreamManager(checkApi),
    consumers: jetstream.consumers,
  };
  return { connection, headers, jetstream: wrapped };
}

/** The client's error about an acknowledgement that has not come. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
}

/**
 * The connection below links: its parts.
 *
 * @module
 */

import { assertConnection } from "../client_check.ts";
import type { NatsClient, NatsConnection } from "../nats.ts";

/**
 * The least `max_payload` of a server with which a link works, in bytes. It has room for a greeting
 * and for parts of values.
 */
const MIN_PAYLOAD = 256;

/**
 * Returns the connection of a client.
 *
 * @throws {TypeError} If the client lacks a part that links use.
 * @throws {RangeError} If the server takes only very short messages.
 * @throws {Deno.errors.BadResource} If the connection is closed.
 */
export function connectionOf(nats: NatsClient): NatsConnection {
  assertConnection(nats, ["publish", "subscribe", "flush", "isClosed", "status"]);
  const { connection } = nats;
  assertOpen(connection);
  const { max_payload: max = Infinity } = connection.info ?? {};
  if (max >= MIN_PAYLOAD) return connection;
  throw new RangeError(
    `The NATS server takes messages of up to ${max} bytes, and links need ${MIN_PAYLOAD}; raise ` +
      "max_payload in the server's configuration",
  );
}

/** Throws `Deno.errors.BadResource` if a connection is closed. */
export function assertOpen(connection: NatsConnection): void {
  if (!connection.isClosed()) return;
  throw new Deno.errors.BadResource("The connection to the NATS server is closed");
}

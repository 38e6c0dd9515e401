/**
 * The connection below links: its parts, and its end. What a server sends while the connection is
 * lost never arrives, so the links on it are over.
 *
 * @module
 */

import { assertFunction, assertObject } from "../../../ffi/arguments.ts";
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
  assertObject("the client", nats);
  const { connection } = nats;
  assertObject("the client's connection", connection);
  for (const name of ["publish", "subscribe", "flush", "isClosed", "status"] as const) {
    assertFunction(`the connection's ${name}`, connection[name]);
  }
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

/** The functions to call when a connection is lost, by the connection. */
const WATCHERS = new WeakMap<NatsConnection, Set<(why: string) => void>>();

/**
 * Waits for the loss of a connection. The client can connect again, but messages have been lost.
 *
 * @param onLost Gets the reason in words, which completes a sentence.
 * @returns An object that ends the wait.
 */
export function watchConnection(
  connection: NatsConnection,
  onLost: (why: string) => void,
): Disposable {
  let watchers = WATCHERS.get(connection);
  if (watchers === undefined) {
    watchers = new Set();
    WATCHERS.set(connection, watchers);
    void follow(connection, watchers);
  }
  const all = watchers;
  all.add(onLost);
  return { [Symbol.dispose]: () => void all.delete(onLost) };
}

/** Follows the status of a connection until the connection is closed. */
async function follow(
  connection: NatsConnection,
  watchers: Set<(why: string) => void>,
): Promise<void> {
  // A watcher ends its wait, and so changes the set.
  const tell = (why: string) => [...watchers].forEach((onLost) => onLost(why));
  try {
    for await (const { type } of connection.status()) {
      if (type === "disconnect") tell("this process has lost its connection to the NATS server");
    }
  } catch {
    // A client that cannot tell its status any more is closed.
  }
  WATCHERS.delete(connection);
  tell("the connection to the NATS server is closed");
}

/**
 * Tells routes that the connection to the server is lost, so that they do not wait for answers that
 * cannot come any more; and that it is there again.
 *
 * @module
 */

import type { NatsConnection } from "./nats.ts";

/** A change of a connection. */
export type ConnectionChange = "disconnect" | "reconnect";

type Listener = (change: ConnectionChange) => void;

/** The functions to call for each connection. The client has no way to stop watching it. */
const listenersOf = new WeakMap<NatsConnection, Set<Listener>>();

/** Calls a function each time a connection is lost or there again, until it is disposed of. */
export function onConnectionChange(connection: NatsConnection, listener: Listener): Disposable {
  let listeners = listenersOf.get(connection);
  if (listeners === undefined) {
    listeners = new Set();
    listenersOf.set(connection, listeners);
    // If the client cannot tell, the answers time out.
    watch(connection, listeners).catch(() => {});
  }
  const own: Listener = (change) => listener(change);
  listeners.add(own);
  return { [Symbol.dispose]: () => void listeners.delete(own) };
}

async function watch(connection: NatsConnection, listeners: Set<Listener>): Promise<void> {
  for await (const { type } of connection.status?.() ?? []) {
    if (type !== "disconnect" && type !== "reconnect") continue;
    for (const listener of listeners) listener(type);
  }
}

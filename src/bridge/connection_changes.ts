/**
 * Tells routes and links that the connection to the server is lost, so that they do not wait for
 * answers that cannot come any more; that the connection is there again, or closed for good.
 *
 * @module
 */

import type { NatsConnection } from "./nats.ts";

/** A change of a connection. */
export type ConnectionChange = "disconnect" | "reconnect" | "close";

type Listener = (change: ConnectionChange) => void;

/** The functions to call for each connection. The client has no way to stop watching it. */
const listenersOf = new WeakMap<NatsConnection, Set<Listener>>();

/** Calls a function at each change of a connection, until it is disposed of. */
export function onConnectionChange(connection: NatsConnection, listener: Listener): Disposable {
  let listeners = listenersOf.get(connection);
  if (listeners === undefined) {
    listeners = new Set();
    listenersOf.set(connection, listeners);
    void watch(connection, listeners);
  }
  const all = listeners;
  const own: Listener = (change) => listener(change);
  all.add(own);
  return { [Symbol.dispose]: () => void all.delete(own) };
}

async function watch(connection: NatsConnection, listeners: Set<Listener>): Promise<void> {
  // A listener may end its own wait, and so changes the set.
  const tell = (change: ConnectionChange) => [...listeners].forEach((listener) => listener(change));
  try {
    for await (const { type } of connection.status()) {
      if (type === "disconnect" || type === "reconnect") tell(type);
    }
  } catch {
    // A client that cannot tell its status any more is closed.
  }
  listenersOf.delete(connection);
  tell("close");
}

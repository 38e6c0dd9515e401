/**
 * Tells routes and links that the connection to the server is lost, so that they do not wait for
 * answers that cannot come any more; that the connection is there again, or closed for good; and
 * that the server has refused a message.
 *
 * @module
 */

import type { NatsConnection } from "./nats.ts";

/** A change of a connection. */
export type ConnectionChange = "disconnect" | "reconnect" | "close";

interface Listener {
  readonly onChange?: (change: ConnectionChange) => void;
  readonly onError?: (error: Error) => void;
}

/** The functions to call for each connection. The client has no way to stop watching it. */
const listenersOf = new WeakMap<NatsConnection, Set<Listener>>();

/** Calls a function at each change of a connection, until it is disposed of. */
export function onConnectionChange(
  connection: NatsConnection,
  onChange: (change: ConnectionChange) => void,
): Disposable {
  return listen(connection, { onChange });
}

/**
 * Calls a function when the server refuses a message on a subject, because the user lacks the
 * permission, until it is disposed of.
 */
export function onRefusal(
  connection: NatsConnection,
  subject: string,
  onRefused: (error: Error) => void,
): Disposable {
  return listen(connection, {
    onError(error) {
      if (error.name !== "PermissionViolationError") return;
      if (Reflect.get(error, "operation") !== "publish") return;
      if (Reflect.get(error, "subject") === subject) onRefused(error);
    },
  });
}

function listen(connection: NatsConnection, listener: Listener): Disposable {
  let listeners = listenersOf.get(connection);
  if (listeners === undefined) {
    listeners = new Set();
    listenersOf.set(connection, listeners);
    void watch(connection, listeners);
  }
  const all = listeners;
  all.add(listener);
  return { [Symbol.dispose]: () => void all.delete(listener) };
}

async function watch(connection: NatsConnection, listeners: Set<Listener>): Promise<void> {
  // A listener may end its own wait, and so changes the set.
  const tell = (change: ConnectionChange) => {
    for (const { onChange } of [...listeners]) onChange?.(change);
  };
  try {
    for await (const { type, error } of connection.status()) {
      if (type === "disconnect" || type === "reconnect") tell(type);
      if (error !== undefined) { for (const { onError } of [...listeners]) onError?.(error); }
    }
  } catch {
    // A client that cannot tell its status any more is closed.
  }
  listenersOf.delete(connection);
  tell("close");
}

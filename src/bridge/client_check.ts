/**
 * Checks the client that a script passes in.
 *
 * @module
 */

import { assertFunction, assertObject, show } from "../../ffi/arguments.ts";
import type { NatsClient, NatsConnection } from "./nats.ts";

/** What a script passes in, for error texts. */
const FORM = "pass { connection, headers }, where connection is the result of connect() of " +
  "@nats-io/transport-node, and headers is its function of this name";

/**
 * Throws unless a client has a connection with these functions.
 *
 * @throws {TypeError} If the connection or one of its functions is missing.
 */
export function assertConnection(
  nats: NatsClient,
  functions: readonly (keyof NatsConnection)[],
): void {
  assertObject("the client", nats);
  const { connection } = nats;
  if (typeof connection !== "object" || connection === null) {
    throw new TypeError(
      `Expected the client's connection to be an object, got ${show(connection)}: ${FORM}`,
    );
  }
  for (const name of functions) assertFunction(`the connection's ${name}`, connection[name]);
}

/**
 * Throws unless a client has the function that makes headers.
 *
 * @throws {TypeError} If the function is missing.
 */
export function assertHeaders({ headers }: NatsClient): void {
  if (typeof headers === "function") return;
  throw new TypeError(
    `Expected the client's headers to be a function, got ${show(headers)}: ${FORM}`,
  );
}

/**
 * The length of messages, which the server limits.
 *
 * @module
 */

import type { NatsClient } from "../nats.ts";
import type { BucketRoute, OutgoingRoute } from "../route.ts";
import type { RouteSource } from "../source.ts";

/**
 * Throws if a source can have messages that are longer than the server takes, and the route does not
 * drop these.
 *
 * @param headerLength Maximum length of the headers that the route adds, in bytes.
 * @throws {RangeError} If the longest message does not fit.
 */
export function assertFits(
  { label, maxMessageLength }: RouteSource,
  { subject, tooLong = "refuse" }: OutgoingRoute,
  { connection: { info }, headerLength }: Pick<NatsClient, "connection"> & { headerLength: number },
): void {
  if (tooLong === "drop" || maxMessageLength === undefined || info === undefined) return;
  const most = info.max_payload - headerLength;
  if (maxMessageLength <= most) return;
  throw new RangeError(
    `Cannot bridge the ${label} to "${subject}": its messages can have ${maxMessageLength} bytes, ` +
      `and the server takes ${info.max_payload}, of which ${headerLength} are for headers; lower ` +
      `the source's maximum to ${Math.max(most, 0)}, raise the server's max_payload, or drop ` +
      'longer messages by { tooLong: "drop" }',
  );
}

/**
 * Throws if a latest value is longer than the server takes. A bucket adds no headers to a value.
 *
 * @throws {RangeError} If the value does not fit.
 */
export function assertValueFits(
  { label, byteLength }: { readonly label: string; readonly byteLength: number },
  { key }: BucketRoute,
  { connection: { info } }: Pick<NatsClient, "connection">,
): void {
  if (info === undefined || byteLength <= info.max_payload) return;
  throw new RangeError(
    `Cannot bridge the ${label} to the key "${key}": it has ${byteLength} bytes, and the server ` +
      `takes ${info.max_payload}; raise the server's max_payload, or use several latest values`,
  );
}

/** The maximum length of a message with its headers, as the server has told it last. */
export class PayloadLimit {
  readonly #connection: NatsClient["connection"];
  #last = Infinity;

  constructor({ connection }: Pick<NatsClient, "connection">) {
    this.#connection = connection;
  }

  /** The limit in bytes. While the server is away, it is the limit from before. */
  get bytes(): number {
    return this.#last = this.#connection.info?.max_payload ?? this.#last;
  }
}

/**
 * The length of the longest message that a stream takes.
 *
 * @module
 */

import { originLength } from "../header.ts";
import type { NatsClient } from "../nats.ts";
import type { NatsStreamInfo } from "../nats_streams.ts";
import type { OutgoingRoute } from "../route.ts";
import type { RouteSource, SourceMessage } from "../source.ts";
import type { CheckedDelivery } from "./delivery.ts";
import { PayloadLimit } from "./size.ts";

/** The lines of headers that a message to a stream has beside its origin, without the values. */
const LINES = "Nats-Msg-Id: \r\nNats-Expected-Last-Msg-Id: \r\nNats-Expected-Stream: \r\n";

/** Returns the maximum length of the headers of a source's message in bytes. */
export function headerLength(
  { identity }: RouteSource,
  { stream, idLength }: CheckedDelivery,
): number {
  const id = idLength ?? defaultId(identity, Number.MAX_SAFE_INTEGER).length;
  const name = new TextEncoder().encode(stream).length;
  return originLength(identity) + LINES.length + 2 * id + name;
}

/** Returns the id of a message that the script does not name. */
export function defaultId(identity: string, number: number): string {
  return `${identity}:${number}`;
}

/** The limits of the server and of the stream, which are on a message and its headers. */
export class StreamLimit {
  readonly #source: RouteSource;
  readonly #delivery: CheckedDelivery;
  readonly #payload: PayloadLimit;
  readonly #headers: number;
  #stream = Infinity;

  constructor(source: RouteSource, delivery: CheckedDelivery, nats: NatsClient) {
    this.#source = source;
    this.#delivery = delivery;
    this.#payload = new PayloadLimit(nats);
    this.#headers = headerLength(source, delivery);
  }

  /**
   * Notes the limit of the stream.
   *
   * @throws {RangeError} If the source can have messages that are too long, and the route does not
   *   drop these.
   */
  check({ config: { max_msg_size: limit } }: NatsStreamInfo, { tooLong }: OutgoingRoute): void {
    this.#stream = limit >= 0 ? limit : Infinity;
    const { label, maxMessageLength } = this.#source;
    if (tooLong === "drop" || maxMessageLength === undefined) return;
    const headers = this.#headers;
    if (maxMessageLength + headers <= this.#stream) return;
    throw new RangeError(
      `Cannot bridge the ${label} to the stream "${this.#delivery.stream}": its messages can have ` +
        `${maxMessageLength} bytes, and the stream takes ${limit} (max_msg_size), of which ` +
        `${headers} are for headers; lower the source's maximum to ` +
        `${Math.max(limit - headers, 0)}, raise the stream's limit, or drop longer messages by ` +
        '{ tooLong: "drop" }',
    );
  }

  /** Returns whether a message and its headers are longer than the stream and the server take. */
  isExceededBy({ bytes }: SourceMessage): boolean {
    return bytes.length + this.#headers > Math.min(this.#payload.bytes, this.#stream);
  }
}

/**
 * The headers of messages: which messages a route has sent, so that the other end can count losses.
 *
 * @module
 */

import type { NatsClient, NatsHeaders } from "./nats.ts";
import type { RouteCounts } from "./stats.ts";

/** The header with the message's number, an integer from 0. */
const SEQUENCE = "Winipc-Sequence";
/** The header that names the source. Its numbers have nothing to do with those of other sources. */
const SOURCE = "Winipc-Source";

/** The place of a message among the messages of its source. */
export interface MessageOrigin {
  readonly source: string;
  readonly sequence: number;
}

/** Writes the origin of a message to its headers. */
export function writeOrigin(headers: NatsHeaders, { source, sequence }: MessageOrigin): void {
  headers.set(SOURCE, source);
  headers.set(SEQUENCE, String(sequence));
}

/**
 * Writes the origins of one route's messages. All messages share one object of headers: the client
 * encodes the headers of a message when it is published.
 */
export class OriginWriter {
  readonly #headers: NatsHeaders;

  constructor({ headers }: Pick<NatsClient, "headers">, source: string) {
    this.#headers = headers();
    this.#headers.set(SOURCE, source);
  }

  /** Returns the headers of a message. They are valid until the next call. */
  at(sequence: number): NatsHeaders {
    this.#headers.set(SEQUENCE, String(sequence));
    return this.#headers;
  }
}

/** Maximum length of a source's name in characters, so that a hostile peer cannot use up memory. */
const MAX_SOURCE_LENGTH = 64;

/** Returns the origin of a message; `undefined` if no bridge has sent it. */
export function readOrigin(headers: NatsHeaders | undefined): MessageOrigin | undefined {
  const text = headers?.get(SEQUENCE) ?? "";
  if (headers === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const sequence = Number(text);
  const source = headers.get(SOURCE);
  if (sequence >= Number.MAX_SAFE_INTEGER || source.length > MAX_SOURCE_LENGTH) return undefined;
  return { source, sequence };
}

/**
 * Returns the length of the headers in a message, in bytes. It counts towards the server's
 * `max_payload`.
 *
 * @param sequence The number of the message. @default the longest one
 */
export function originLength(source: string, sequence: number = Number.MAX_SAFE_INTEGER): number {
  const lines = `NATS/1.0\r\n${SOURCE}: ${source}\r\n${SEQUENCE}: \r\n\r\n`;
  return lines.length + String(sequence).length;
}

/** Finds out by the messages' origins which were lost and which have arrived before. */
export class ArrivalOrder {
  /** The number that is expected next, by the source. */
  readonly #next = new Map<string, number>();
  readonly #counts: RouteCounts;

  constructor(counts: RouteCounts) {
    this.#counts = counts;
  }

  /**
   * Notes a message that has arrived, and counts what is lost before it.
   *
   * @returns Whether the message is new. If not, it has arrived before.
   */
  note(headers: NatsHeaders | undefined): boolean {
    const origin = readOrigin(headers);
    if (origin === undefined) return true;
    const { source, sequence } = origin;
    const next = this.#next.get(source);
    if (next !== undefined && sequence < next) {
      this.#counts.duplicates++;
      return false;
    }
    if (next !== undefined) this.#counts.lose(sequence - next);
    // The newest source is the last one, so that the oldest can be forgotten.
    this.#next.delete(source);
    this.#next.set(source, sequence + 1);
    if (this.#next.size > MAX_SOURCES) this.#next.delete(this.#next.keys().next().value!);
    return true;
  }
}

/** The number of sources whose numbers a route knows, so that a hostile peer cannot use up memory. */
const MAX_SOURCES = 1024;

/**
 * The headers of messages: which messages a route has sent, so that the other end can count losses.
 *
 * @module
 */

import type { NatsHeaders, NatsMessage } from "./nats.ts";
import type { RouteCounts } from "./stats.ts";

/**
 * The header of a message: its source, a space, and its number, an integer from 0. The numbers of a
 * source have nothing to do with those of other sources. It is one short header, because the headers
 * of a short message are most of its bytes.
 */
export const ORIGIN = "Winipc";

/** The place of a message among the messages of its source. */
export interface MessageOrigin {
  readonly source: string;
  readonly sequence: number;
}

/** Writes the origin of a message to its headers. */
export function writeOrigin(headers: NatsHeaders, { source, sequence }: MessageOrigin): void {
  headers.set(ORIGIN, `${source} ${sequence}`);
}

/** Returns the text of the headers that {@linkcode writeOrigin} writes, as the server gets them. */
export function originText({ source, sequence }: MessageOrigin): string {
  return `NATS/1.0\r\n${ORIGIN}: ${source} ${sequence}\r\n\r\n`;
}

/**
 * Returns the maximum length of the headers of a source's message in bytes. It counts towards the
 * server's `max_payload`.
 */
export function originLength(source: string): number {
  return originText({ source, sequence: Number.MAX_SAFE_INTEGER }).length;
}

/** A source of at most 64 characters, so that a hostile peer cannot use up memory; and a number. */
const PATTERN = /^(\S{1,64}) (\d{1,16})$/;

/** Returns the origin of a message; `undefined` if no bridge has sent it. */
export function readOrigin(headers: NatsHeaders | undefined): MessageOrigin | undefined {
  const [, source, digits] = PATTERN.exec(headers?.get(ORIGIN) ?? "") ?? [];
  if (source === undefined) return undefined;
  const sequence = Number(digits);
  return sequence < Number.MAX_SAFE_INTEGER ? { source, sequence } : undefined;
}

/**
 * Returns the origin of a message; `undefined` if no bridge has sent it. It never throws: an error
 * in the client's callback would end the reader of the connection.
 */
export function originOf(message: Pick<NatsMessage, "headers">): MessageOrigin | undefined {
  try {
    return readOrigin(message.headers);
  } catch {
    // The client cannot decode the headers: a stranger has sent names with other letters.
    return undefined;
  }
}

/** The number of sources whose numbers a route knows, so that a hostile peer cannot use up memory. */
const MAX_SOURCES = 1024;

/** Finds out by the messages' origins which were lost and which have arrived before. */
export class ArrivalOrder {
  /** The number that is expected next, by the source. The last source is the newest one. */
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
  note(origin: MessageOrigin | undefined): boolean {
    if (origin === undefined) return true;
    const { source, sequence } = origin;
    const next = this.#next.get(source);
    if (next !== undefined && sequence < next) {
      this.#counts.duplicates++;
      return false;
    }
    if (next !== undefined) this.#counts.lose(sequence - next);
    // The newest source is the last one, so that the oldest can be forgotten.
    if (this.#next.size > 1) this.#next.delete(source);
    this.#next.set(source, sequence + 1);
    if (this.#next.size > MAX_SOURCES) this.#next.delete(this.#next.keys().next().value!);
    return true;
  }
}

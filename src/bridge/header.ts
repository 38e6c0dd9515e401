/**
 * The headers of messages: which messages a route has sent, so that the other end can count losses.
 *
 * @module
 */

import type { NatsHeaders } from "./nats.ts";
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

/** Returns the origin of a message; `undefined` if no bridge has sent it. */
export function readOrigin(headers: NatsHeaders | undefined): MessageOrigin | undefined {
  const text = headers?.get(SEQUENCE) ?? "";
  if (headers === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const sequence = Number(text);
  if (!Number.isSafeInteger(sequence)) return undefined;
  return { source: headers.get(SOURCE), sequence };
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
    if (next !== undefined) this.#counts.lost += sequence - next;
    // The newest source is the last one, so that the oldest can be forgotten.
    this.#next.delete(source);
    this.#next.set(source, sequence + 1);
    if (this.#next.size > MAX_SOURCES) this.#next.delete(this.#next.keys().next().value!);
    return true;
  }
}

/** The number of sources whose numbers a route knows, so that a hostile peer cannot use up memory. */
const MAX_SOURCES = 1024;

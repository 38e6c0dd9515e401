/**
 * Shows the counts of routes: as a table on a terminal, or as JSON.
 *
 * @module
 */

import { escapeText } from "../printing/escape.ts";
import { LivePicture } from "../printing/live.ts";
import type { Output } from "../printing/output.ts";
import { type Format, Records } from "../printing/records.ts";
import { pictureOf } from "./picture.ts";
import type { RouteRecord } from "./record.ts";

/** Shows counts and words. On a terminal, the words are below the table. */
export class Board implements Disposable {
  readonly #output: Output;
  readonly #picture: LivePicture | undefined;
  readonly #records: Records<RouteRecord>;
  readonly #words: string[] = [];
  #last: readonly RouteRecord[] = [];

  constructor(output: Output, format: Format) {
    this.#output = output;
    this.#picture = output.isTerminal && format === "text" ? new LivePicture(output) : undefined;
    // Off a terminal, a line of JSON is printed for each route and interval.
    this.#records = new Records(output, format === "text" ? "jsonl" : format, () => "");
  }

  /** Shows the counts of all routes. */
  show(records: readonly RouteRecord[]): void {
    this.#last = records;
    if (this.#picture === undefined) {
      for (const record of records) this.#records.add(record);
    } else this.#draw(this.#picture);
    // A closed output is noticed here.
    this.#output.flush();
  }

  /** Says words. */
  say(words: string): void {
    if (this.#picture === undefined) return this.#output.note(escapeText(words));
    this.#words.push(words);
    this.#draw(this.#picture);
  }

  [Symbol.dispose](): void {
    this.#records[Symbol.dispose]();
  }

  #draw(picture: LivePicture): void {
    picture.draw(pictureOf(this.#last, this.#words, this.#output.size.rows));
  }
}

/**
 * A report about one object: a record for JSON, and lines for people.
 *
 * @module
 */

import { bold } from "@std/fmt/colors";
import { alignColumns } from "../printing/columns.ts";
import { escapeText } from "../printing/escape.ts";

/** What is found out about an object, one property after another. */
export class Report {
  readonly #record: Record<string, unknown> = {};
  readonly #rows: [label: string, text: string][] = [];

  /** The record for JSON. */
  get record(): object {
    return this.#record;
  }

  /** The kind of object. */
  get kind(): unknown {
    return this.#record["kind"];
  }

  /** Adds properties to the record. */
  set(values: object): this {
    Object.assign(this.#record, values);
    return this;
  }

  /**
   * Adds lines for people under one label. Texts of other programs are escaped here.
   *
   * @param lines One text, or a text for each line.
   */
  line(label: string, lines: string | readonly string[]): this {
    const all = typeof lines === "string" ? [lines] : lines;
    all.forEach((text, index) => this.#rows.push([index === 0 ? label : "", escapeText(text)]));
    return this;
  }

  /** Returns the lines, aligned. */
  toText(): string {
    return alignColumns(this.#rows.map(([label, text]) => [bold(label), text])).join("\n");
  }
}

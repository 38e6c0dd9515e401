/**
 * Prints records as text, as one JSON document, or as a line of JSON each.
 *
 * @module
 */

import { toJson } from "./json.ts";
import type { OptionSpec } from "../command_line/command.ts";
import type { Output } from "./output.ts";
import { UsageError } from "../command_line/failure.ts";

/** How records are printed. */
export type Format = "text" | "json" | "jsonl";

/** The options of a subcommand that prints records. */
export const FORMAT_OPTIONS = [
  { name: "json", summary: "Print one JSON document." },
  { name: "jsonl", summary: "Print one line of JSON for each record." },
] as const satisfies readonly OptionSpec[];

/** Returns the format that the options ask for. */
export function formatOf(options: { readonly json: boolean; readonly jsonl: boolean }): Format {
  if (options.json && options.jsonl) {
    throw new UsageError("Expected --json or --jsonl, got both: leave one of them out");
  }
  return options.json ? "json" : options.jsonl ? "jsonl" : "text";
}

/**
 * Prints records as they come. The JSON document is an array, which is printed when the object is
 * disposed: at the end of the command, also after Ctrl-C.
 */
export class Records<T extends object> implements Disposable {
  readonly #output: Output;
  readonly #format: Format;
  readonly #render: (record: T) => string;
  readonly #kept: T[] = [];

  /** @param render Returns a record as text: one line or more, without the last line break. */
  constructor(output: Output, format: Format, render: (record: T) => string) {
    this.#output = output;
    this.#format = format;
    this.#render = render;
  }

  /** Prints a record, or keeps it for the document. */
  add(record: T): void {
    if (this.#format === "json") this.#kept.push(record);
    else this.#output.line(this.#format === "jsonl" ? toJson(record) : this.#render(record));
  }

  [Symbol.dispose](): void {
    if (this.#format !== "json" || this.#output.closed.aborted) return;
    this.#output.line(toJson(this.#kept, 2));
  }
}

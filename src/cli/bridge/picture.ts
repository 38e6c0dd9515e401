/**
 * The live table of `winipc bridge`.
 *
 * @module
 */

import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import { alignColumns, fitWidth } from "../printing/columns.ts";
import { escapeText } from "../printing/escape.ts";
import { sizeText } from "../printing/size_text.ts";
import type { RouteRecord } from "./record.ts";

const HEADINGS = ["ROUTE", "STATE", "MSG/S", "DELIVERED", "BYTES", "PENDING", "LOST", ""];
/** The indexes of the columns with numbers. */
const NUMBERS = [2, 3, 4, 5, 6];
/** Maximum width of a route in columns. */
const MAX_ROUTE = 40;
/** Maximum number of lines of words below the table. */
const MAX_WORDS = 3;

const STATES = { running: green, ended: dim, failed: red };

const INTEGER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/**
 * Returns the lines of the table.
 *
 * @param words What was said up to now, of which the last lines are shown.
 * @param rows The height of the terminal. Routes that do not fit are counted.
 */
export function pictureOf(
  records: readonly RouteRecord[],
  words: readonly string[],
  rows: number,
): string[] {
  const last = words.slice(-MAX_WORDS);
  // The terminal's last row stays free. Two rows are the headings and the count of other routes.
  const shown = records.slice(0, Math.max(rows - 3 - last.length, 1));
  const hidden = records.length - shown.length;
  return [
    ...alignColumns([HEADINGS.map(bold), ...shown.map(rowOf)], NUMBERS),
    ...(hidden > 0 ? [dim(`${hidden} more`)] : []),
    ...last.map(escapeText),
  ];
}

function rowOf(record: RouteRecord): string[] {
  const { route, state, messagesPerSecond, delivered, bytes, pending, lost } = record;
  return [
    fitWidth(escapeText(route), MAX_ROUTE),
    STATES[state](state),
    INTEGER.format(messagesPerSecond),
    INTEGER.format(delivered),
    sizeText(bytes),
    INTEGER.format(pending),
    lost > 0 ? yellow(INTEGER.format(lost)) : "0",
    othersOf(record),
  ];
}

/** The counts that are usually 0. */
function othersOf({ tooLong, duplicates, retries }: RouteRecord): string {
  const parts = [
    ...(tooLong > 0 ? [`${INTEGER.format(tooLong)} too long`] : []),
    ...(duplicates > 0 ? [`${INTEGER.format(duplicates)} duplicate`] : []),
    ...(retries > 0 ? [`${INTEGER.format(retries)} sent again`] : []),
  ];
  return parts.join(", ");
}

/**
 * The live table of `winipc top`.
 *
 * @module
 */

import { bold, dim, red, yellow } from "@std/fmt/colors";
import { sizeText } from "../printing/size_text.ts";
import type { InspectedPlace } from "../../channel/inspection.ts";
import { alignColumns, fitWidth } from "../printing/columns.ts";
import { escapeText } from "../printing/escape.ts";
import { describePlace } from "../objects/object.ts";
import type { RingRates } from "./meter.ts";

const HEADINGS = ["NAME", "KIND", "MSG/S", "BYTES/S", "FILL", "WAITS", "PEERS"];
/** The indexes of the columns with numbers. */
const NUMBERS = [2, 3, 5];
/** Maximum width of a name, and the width of the bar, in columns. */
const MAX_NAME = 32;
const BAR_WIDTH = 10;
/** The fill from which a ring's sender may soon wait. */
const NEARLY_FULL = 0.8;
/** A rate that is not known. */
const UNKNOWN = "-";

const INTEGER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/**
 * Returns the lines of the table, with a total.
 *
 * @param rows The height of the terminal. Objects that do not fit are counted in the last line.
 */
export function pictureOf(rings: readonly RingRates[], rows: number): string[] {
  // The terminal's last row stays free, and two rows are the headings and the total.
  const shown = rings.slice(0, Math.max(rows - 3, 1));
  const table = alignColumns(
    [HEADINGS.map(bold), ...shown.map(rowOf), totalOf(rings, rings.length - shown.length)],
    NUMBERS,
  );
  return table;
}

function rowOf(ring: RingRates): string[] {
  const { name, kind, messagesPerSecond, bytesPerSecond, waiting, problem } = ring;
  return [
    fitWidth(escapeText(name), MAX_NAME),
    kind,
    rateText(messagesPerSecond),
    bytesText(bytesPerSecond),
    fillText(ring),
    waiting === undefined ? "" : String(waiting),
    problem === undefined ? peersText(ring) : red(escapeText(problem)),
  ];
}

function totalOf(rings: readonly RingRates[], hidden: number): string[] {
  const sum = (key: "messagesPerSecond" | "bytesPerSecond") => {
    const known = rings.flatMap((ring) => ring[key] ?? []);
    return known.length === 0 ? undefined : known.reduce((all, rate) => all + rate, 0);
  };
  return [
    bold("TOTAL"),
    `${rings.length}`,
    rateText(sum("messagesPerSecond")),
    bytesText(sum("bytesPerSecond")),
    "",
    "",
    hidden > 0 ? dim(`${hidden} more`) : "",
  ];
}

function rateText(rate: number | undefined): string {
  if (rate === undefined) return UNKNOWN;
  return rate > 0 && rate < 10 ? rate.toFixed(1) : INTEGER.format(rate);
}

function bytesText(rate: number | undefined): string {
  return rate === undefined ? UNKNOWN : sizeText(rate);
}

function fillText({ used, capacity }: RingRates): string {
  if (used === undefined || capacity === undefined) return "";
  const fill = used / capacity;
  const full = Math.min(Math.ceil(fill * BAR_WIDTH), BAR_WIDTH);
  const text = `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ${
    String(Math.floor(fill * 100)).padStart(3)
  }%`;
  return fill >= NEARLY_FULL ? yellow(text) : text;
}

function peersText({ places = [], readers, kind }: RingRates): string {
  const texts = places.map(placeText);
  // The readers of a latest frame have places.
  if (readers !== undefined && kind !== "frame") {
    texts.push(readers === 1 ? "1 reader" : `${readers} readers`);
  }
  return texts.join(", ");
}

function placeText(place: InspectedPlace): string {
  const text = describePlace(place);
  return place.state === "dead" ? red(text) : text;
}

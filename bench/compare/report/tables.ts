/**
 * The tables of the report.
 *
 * @module
 */

import { lengthsOf, ratioToC } from "./findings.ts";
import { type Column, NO_VALUE, paragraph, table } from "./markdown.ts";
import type { PacedSummary, PairSummary, SizeSummary } from "./summary.ts";
import { formatBytes, formatCount, formatLength, formatRatio, formatTime } from "./units.ts";
import { BY, STARTS_FAR, WAYS } from "../ways.ts";

const PAIR: readonly Column[] = [{ title: "way" }, { title: "by" }];
/** Least rate that counts as 1,000 messages a second. Late wake-ups can cost 5 percent. */
const MIN_PACE = 950;

/** A row of a table, and its place among the rows. */
interface Row {
  readonly order: number;
  readonly cells: readonly string[];
}

/** Writes a table of round trips for each length. */
export function writeTrips(pairs: readonly PairSummary[]): string {
  return writeByLength(
    pairs,
    ["p10", "median", "p99", "× C"],
    (pair, { length, trips }) => {
      if (trips === undefined) return;
      const { p10, median, p99 } = trips;
      return {
        order: median,
        cells: [...[p10, median, p99].map(formatTime), ratioCell(ratioToC(pairs, pair, length))],
      };
    },
  );
}

/** Writes a table of streams for each length. */
export function writeStreams(pairs: readonly PairSummary[]): string {
  return writeByLength(
    pairs,
    ["messages a second", "bytes a second", "× C"],
    (pair, { length, stream }) => {
      if (stream === undefined) return;
      const { framesPerSecond, bytesPerSecond } = stream;
      const inC = pairs
        .find(({ by, way }) => by === "c" && way === pair.way)
        ?.sizes.find((size) => size.length === length)?.stream;
      return {
        order: -framesPerSecond,
        cells: [
          formatCount(framesPerSecond),
          formatBytes(bytesPerSecond),
          ratioCell(inC && framesPerSecond / inC.framesPerSecond),
        ],
      };
    },
  );
}

/** Writes a table of processor time at 1,000 messages a second for each length. */
export function writePaced(pairs: readonly PairSummary[]): string {
  return writeByLength(pairs, ["sender", "receiver", "both", "reached"], (_, { paced }) => {
    if (paced === undefined) return;
    const { ends, both } = paced;
    const times = [ends?.near, ends?.far, both]
      .map((time) => time === undefined ? NO_VALUE : formatTime(time));
    return { order: both, cells: [...times, formatSlowRate(paced) ?? ""] };
  });
}

/** Writes the reached rate, or returns nothing if the rate counts as 1,000 messages a second. */
export function formatSlowRate({ framesPerSecond }: PacedSummary): string | undefined {
  return framesPerSecond < MIN_PACE ? `${formatCount(framesPerSecond)}/s` : undefined;
}

/** Writes a table of the set-up times, without the ways whose set-up starts the far end. */
export function writeSetUp(pairs: readonly PairSummary[]): string {
  return writeRows(
    pairs.filter(({ way }) => !STARTS_FAR.has(way)),
    ["set-up"],
    ({ setUp }) => ({ order: setUp, cells: [formatTime(setUp)] }),
  );
}

function writeByLength(
  pairs: readonly PairSummary[],
  titles: readonly string[],
  write: (pair: PairSummary, size: SizeSummary) => Row | undefined,
): string {
  return lengthsOf(pairs).flatMap((length) => {
    const rows = writeRows(pairs, titles, (pair) => {
      const size = pair.sizes.find((size) => size.length === length);
      return size && write(pair, size);
    });
    return rows === "" ? [] : [`### ${formatLength(length)}`, rows];
  }).join("\n\n") || paragraph("Not measured in this run.");
}

function writeRows(
  pairs: readonly PairSummary[],
  titles: readonly string[],
  write: (pair: PairSummary) => Row | undefined,
): string {
  const rows = pairs.flatMap((pair) => {
    const row = write(pair);
    return row === undefined
      ? []
      : [{ ...row, cells: [WAYS[pair.way], BY[pair.by], ...row.cells] }];
  });
  if (rows.length === 0) return "";
  const columns = [...PAIR, ...titles.map((title) => ({ title, isNumeric: true }))];
  return table(columns, rows.sort((a, b) => a.order - b.order).map(({ cells }) => cells));
}

function ratioCell(ratio: number | undefined): string {
  return ratio === undefined ? NO_VALUE : formatRatio(ratio);
}

/**
 * Plots all pairs at one length: a row for each way, a dot for each program.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { lengthsOf } from "./findings.ts";
import {
  axisName,
  drawFigure,
  drawMarks,
  type LegendEntry,
  type Panel,
  panelWidth,
  TEXT,
  text,
} from "./plot_figure.ts";
import { type Axis, fitAxis } from "./plot_lines.ts";
import { USUAL_LENGTHS } from "../plan.ts";
import { BY_COLORS, SHORT_BY } from "./plot_style.ts";
import type { PairSummary, TripSummary } from "./summary.ts";
import { formatLength, formatTick, formatTime } from "./units.ts";
import { BY, type By, type WayName, WAYS } from "../ways.ts";

const LEFT = 256;
const RIGHT = 78;
const TOP = 24;
const BOTTOM = 34;
/** Distance between the dots of a way, in pixels. */
const LANE = 8;
/** Height of a row without dots, in pixels. */
const ROW = 14;

interface Dot {
  readonly by: By;
  readonly way: WayName;
  readonly trips: TripSummary;
}

/** The dots of a way, and the place of their row. */
interface Row {
  readonly way: WayName;
  readonly dots: readonly Dot[];
  /** The dot with the shortest median. */
  readonly best: Dot;
  readonly top: number;
  readonly height: number;
}

/** Returns the lengths for which there are overviews. */
export function overviewLengths(pairs: readonly PairSummary[]): number[] {
  const lengths = lengthsOf(pairs);
  const drawn = lengths.filter((length) => USUAL_LENGTHS.includes(length));
  return drawn.length > 0 ? drawn : lengths.slice(0, 1);
}

/** Draws the round trips of all pairs at one length, or nothing if there are none. */
export function drawOverview(pairs: readonly PairSummary[], length: number): string | undefined {
  const dots = pairs.flatMap(({ by, way, sizes }): Dot[] => {
    const trips = sizes.find((size) => size.length === length)?.trips;
    return trips === undefined ? [] : [{ by, way, trips }];
  });
  if (dots.length === 0) return;
  return drawFigure({
    title: `Round trip of ${formatLength(length)}`,
    subtitle: "Medians, and lines from p10 to p90. The figure at the right is that of the fastest.",
    legend: legendOf(dots),
    panels: [drawRows(placeRows(dots))],
  });
}

/** Puts the dots of each way into a row. The row of the fastest way is at the top. */
function placeRows(dots: readonly Dot[]): Row[] {
  const rows = [...Map.groupBy(dots, ({ way }) => way)]
    .map(([way, here]) => {
      const dots = here.toSorted((a, b) => order(a.by) - order(b.by));
      const best = dots.reduce((a, b) => a.trips.median <= b.trips.median ? a : b);
      return { way, dots, best };
    })
    .sort((a, b) => a.best.trips.median - b.best.trips.median);
  let top = 0;
  return rows.map((row) => {
    const placed = { ...row, top, height: ROW + LANE * row.dots.length };
    top += placed.height;
    return placed;
  });
}

function drawRows(rows: readonly Row[]): Panel {
  const times = rows.flatMap(({ dots }) =>
    dots.flatMap(({ trips: { p10, median, p90 } }) => [p10, median, p90])
  );
  const axis = fitAxis(times, "round trip", (value) => formatTick(value, formatTime));
  const width = panelWidth(1);
  const height = rows.reduce((sum, row) => sum + row.height, 0) + TOP + BOTTOM;
  return {
    width,
    height,
    content: [
      drawDots(rows, axis, { width, height }),
      ...rows.map((row) => nameRow(row, width)),
      axisName(axis.label, [LEFT, width - RIGHT], height - 2),
    ].join("\n"),
  };
}

function drawDots(
  rows: readonly Row[],
  axis: Axis,
  { width, height }: { width: number; height: number },
): string {
  const points = rows.flatMap(({ dots, top }) =>
    dots.map(({ by, trips }, at) => ({
      ...trips,
      color: BY_COLORS[by],
      y: top + ROW / 2 + LANE * (at + 0.5),
    }))
  );
  const ticks = { text: axis.format, fontSize: 11, label: null };
  return drawMarks({
    width,
    height,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: RIGHT,
    x: { type: "log", domain: [...axis.domain], label: null },
    y: { domain: [0, height - TOP - BOTTOM], reverse: true, axis: null },
    marks: [
      Plot.rect(rows.filter((_, at) => at % 2 === 0), {
        y1: "top",
        y2: ({ top, height }) => top + height,
        fill: TEXT,
        fillOpacity: 0.04,
        insetLeft: -LEFT,
        insetRight: -RIGHT,
      }),
      Plot.gridX([...axis.ticks], { stroke: TEXT, strokeOpacity: 0.12 }),
      Plot.axisX([...axis.ticks], ticks),
      Plot.axisX([...axis.ticks], { anchor: "top", ...ticks }),
      Plot.ruleY(points, {
        x1: "p10",
        x2: "p90",
        y: "y",
        stroke: "color",
        strokeWidth: 3,
        strokeOpacity: 0.3,
      }),
      Plot.dot(points, { x: "median", y: "y", r: 3.6, fill: "color" }),
    ],
  });
}

/** Writes the name of a way at the left of its row, and the shortest median at the right. */
function nameRow({ way, best, top, height }: Row, width: number): string {
  const middle = TOP + top + height / 2 + 4;
  const attributes = `text-anchor="end" fill="${BY_COLORS[best.by]}"`;
  return text(LEFT - 12, middle, WAYS[way], `text-anchor="end"`) +
    text(width - 6, middle, formatTime(best.trips.median), attributes);
}

function legendOf(dots: readonly Dot[]): LegendEntry[] {
  return [...new Set(dots.map(({ by }) => by))]
    .sort((a, b) => order(a) - order(b))
    .map((by) => ({ name: SHORT_BY[by], color: BY_COLORS[by] }));
}

function order(by: By): number {
  return Object.keys(BY).indexOf(by);
}

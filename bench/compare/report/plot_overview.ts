/**
 * Plots all pairs at one length: a row for each way, a dot for each program.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { lengthsOf } from "./findings.ts";
import { drawFigure, drawMarks, FAINT, panelWidth, TEXT, text } from "./plot_figure.ts";
import { fitAxis } from "./plot_lines.ts";
import { BY_COLORS, SHORT_BY } from "./plot_style.ts";
import type { PairSummary, TripSummary } from "./summary.ts";
import { formatLength, formatTick, formatTime } from "./units.ts";
import { BY, type By, type WayName, WAYS } from "../ways.ts";

/** The lengths that all programs measure by default. */
const DRAWN_LENGTHS: readonly number[] = [64, 65_536];

const LEFT = 256;
const RIGHT = 78;
const TOP = 24;
const BOTTOM = 34;
/** Distance of the dots of a way. */
const LANE = 8;

interface Dot {
  readonly by: By;
  readonly way: WayName;
  readonly trips: TripSummary;
}

/** Returns the lengths for which there are overviews. */
export function overviewLengths(pairs: readonly PairSummary[]): number[] {
  const lengths = lengthsOf(pairs);
  const drawn = lengths.filter((length) => DRAWN_LENGTHS.includes(length));
  return drawn.length > 0 ? drawn : lengths.slice(0, 1);
}

/** Draws the round trips of all pairs at one length, or nothing if there are none. */
export function drawOverview(pairs: readonly PairSummary[], length: number): string | undefined {
  const dots = pairs.flatMap(({ by, way, sizes }): Dot[] => {
    const trips = sizes.find((size) => size.length === length)?.trips;
    return trips === undefined ? [] : [{ by, way, trips }];
  });
  if (dots.length === 0) return;
  const rows = [...Map.groupBy(dots, ({ way }) => way)]
    .map(([way, here]) => ({
      way,
      dots: here.toSorted((a, b) => order(a.by) - order(b.by)),
      best: Math.min(...here.map(({ trips }) => trips.median)),
    }))
    .sort((a, b) => a.best - b.best);
  let y = 0;
  const placed = rows.map((row) => {
    const height = 14 + LANE * row.dots.length;
    y += height;
    return { ...row, top: y - height, height };
  });
  const points = placed.flatMap(({ dots, top }) =>
    dots.map(({ by, trips }, at) => ({
      ...trips,
      by,
      color: BY_COLORS[by],
      y: top + 7 + LANE * (at + 0.5),
    }))
  );
  const axis = fitAxis(
    points.flatMap(({ p10, median, p90 }) => [p10, median, p90]),
    "round trip",
    (value) => formatTick(value, formatTime),
  );
  const width = panelWidth(1);
  const height = y + TOP + BOTTOM;
  const marks = drawMarks({
    width,
    height,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: RIGHT,
    x: { type: "log", domain: [...axis.domain], label: null },
    y: { domain: [0, y], reverse: true, axis: null },
    marks: [
      Plot.rect(placed.filter((_, at) => at % 2 === 0), {
        y1: "top",
        y2: ({ top, height }) => top + height,
        fill: TEXT,
        fillOpacity: 0.04,
        insetLeft: -LEFT,
        insetRight: -RIGHT,
      }),
      Plot.gridX([...axis.ticks], { stroke: TEXT, strokeOpacity: 0.12 }),
      Plot.axisX([...axis.ticks], { text: axis.format, fontSize: 11, label: null }),
      Plot.axisX([...axis.ticks], {
        anchor: "top",
        text: axis.format,
        fontSize: 11,
        label: null,
      }),
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
  const names = placed.map(({ way, dots, top, height }) => {
    const middle = TOP + top + height / 2 + 4;
    const best = dots.reduce((a, b) => a.trips.median <= b.trips.median ? a : b);
    return text(LEFT - 12, middle, WAYS[way], `text-anchor="end"`) +
      text(
        width - 6,
        middle,
        formatTime(best.trips.median),
        `text-anchor="end" fill="${BY_COLORS[best.by]}"`,
      );
  });
  return drawFigure({
    title: `Round trip of ${formatLength(length)}`,
    subtitle: "Medians, and lines from p10 to p90. The figure at the right is that of the fastest.",
    legend: legendOf(points.map(({ by }) => by)),
    panels: [{
      width,
      height,
      content: [
        marks,
        ...names,
        text(
          (LEFT + width - RIGHT) / 2,
          height - 2,
          axis.label,
          `font-size="11" fill="${FAINT}" text-anchor="middle"`,
        ),
      ].join("\n"),
    }],
  });
}

function legendOf(used: readonly By[]): { name: string; color: string }[] {
  return [...new Set(used)]
    .sort((a, b) => order(a) - order(b))
    .map((by) => ({ name: SHORT_BY[by], color: BY_COLORS[by] }));
}

function order(by: By): number {
  return Object.keys(BY).indexOf(by);
}

/**
 * Draws a panel of lines on logarithmic axes, with names at the ends of the lines.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import {
  axisName,
  drawMarks,
  FAINT,
  type Panel,
  panelTitle,
  TEXT,
  text,
  textWidth,
} from "./plot_figure.ts";

const TITLE = 20;
const TOP = 28;
const BOTTOM = 40;
const LEFT = 58;
/** Width at the right of a panel without names, in pixels. */
const MIN_RIGHT = 14;
const LABEL_FONT = 11;
const LABEL_GAP = 13;
const LEADER = 14;

/** A point of a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** A line. */
export interface Line {
  /** The name at the end of the line. Without a name, the end has no text. */
  readonly label?: string;
  readonly color: string;
  readonly dash: string;
  readonly points: readonly Point[];
}

/** An axis. */
export interface Axis {
  readonly label: string;
  readonly type: "log" | "linear";
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

/** A panel of lines. */
export interface Lines {
  readonly title?: string;
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Width of the names, in pixels. The panels of a figure have the same width. */
  readonly labelWidth: number;
}

/** Draws a panel of lines. */
export function drawLines(panel: Lines): Panel {
  const { title, width, height, x, y, lines, labelWidth } = panel;
  const top = TOP + (title === undefined ? 0 : TITLE);
  const range = [top, height - BOTTOM] as const;
  const across = Plot.scale({
    x: { type: x.type, domain: [...x.domain], range: [LEFT, width - labelWidth] },
  });
  const up = Plot.scale({ y: { type: y.type, domain: [...y.domain], range: range.toReversed() } });
  const ends = lines.flatMap(({ label, color, points }) => {
    const last = points.at(-1);
    if (label === undefined || last === undefined) return [];
    return [{ label, color, x: across.apply(last.x), y: up.apply(last.y) }];
  });
  return {
    width,
    height,
    content: [
      ...(title === undefined ? [] : [panelTitle(title)]),
      text(0, top - 12, y.label, `font-size="11" fill="${FAINT}"`),
      axisName(x.label, [LEFT, width - labelWidth], height - 4),
      drawLineMarks(panel, top),
      ...drawLabels(ends, width - labelWidth, range),
    ].join("\n"),
  };
}

/** Draws the axes, the bands, the lines and their points. */
function drawLineMarks({ width, height, x, y, lines, labelWidth }: Lines, top: number): string {
  return drawMarks({
    width,
    height,
    marginTop: top,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: labelWidth,
    x: { type: x.type, domain: [...x.domain], label: null },
    y: { type: y.type, domain: [...y.domain], label: null },
    marks: [
      Plot.gridY([...y.ticks], { stroke: TEXT, strokeOpacity: 0.12 }),
      Plot.axisX([...x.ticks], { text: x.format, fontSize: 11, label: null }),
      Plot.axisY([...y.ticks], { text: y.format, fontSize: 11, tickSize: 0, label: null }),
      ...lines.flatMap(({ points, color }) => {
        const banded = points.filter(({ low, high }) => low !== undefined && high !== undefined);
        return banded.length < 2 ? [] : [
          Plot.areaY(banded, { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.13 }),
        ];
      }),
      ...lines.flatMap(({ points, color, dash }) => [
        Plot.line(points, { x: "x", y: "y", stroke: color, strokeDasharray: dash }),
        Plot.dot(points, { x: "x", y: "y", r: dash === "none" ? 2.2 : 1.5, fill: color }),
      ]),
    ],
  });
}

interface End {
  readonly label: string;
  readonly color: string;
  readonly x: number;
  readonly y: number;
}

/** Draws the names, and a thin line from each line's end to its name. */
function drawLabels(
  ends: readonly End[],
  right: number,
  range: readonly [number, number],
): string[] {
  const sorted = ends.toSorted((a, b) => a.y - b.y);
  const places = spread(sorted.map(({ y }) => y), range);
  return sorted.map(({ label, color, x, y }, at) => {
    const place = places[at] ?? y;
    return [
      `<path d="M${x + 3},${y}L${right + LEADER - 4},${place}" stroke="${color}" ` +
      `stroke-width="0.7" fill="none"/>`,
      text(right + LEADER, place + 4, label, `font-size="${LABEL_FONT}" fill="${color}"`),
    ].join("");
  });
}

/** Returns the width that the names of lines need at the right of their panel, in pixels. */
export function widthOfLabels(lines: readonly Line[]): number {
  const widths = lines.map(({ label }) => label ? textWidth(label, LABEL_FONT) + LEADER + 4 : 0);
  return Math.max(MIN_RIGHT, ...widths);
}

/** Moves sorted places apart as little as possible: they keep a gap, and stay in a range. */
function spread(
  sorted: readonly number[],
  [low, high]: readonly [number, number],
): number[] {
  /** Groups of places that touch. The middle of a group is the mean of its wanted places. */
  const groups: { sum: number; count: number }[] = [];
  const start = ({ sum, count }: { sum: number; count: number }) => {
    const size = (count - 1) * LABEL_GAP;
    return Math.max(low, Math.min(sum / count - size / 2, high - size));
  };
  for (const place of sorted) {
    let group = { sum: place, count: 1 };
    for (let last; (last = groups.at(-1)); groups.pop()) {
      if (start(last) + last.count * LABEL_GAP <= start(group)) break;
      group = { sum: last.sum + group.sum, count: last.count + group.count };
    }
    groups.push(group);
  }
  return groups.flatMap((group) =>
    Array.from({ length: group.count }, (_, at) => start(group) + at * LABEL_GAP)
  );
}

/** Returns a logarithmic axis for values, which begins and ends at round numbers. */
export function fitAxis(
  values: readonly number[],
  label: string,
  format: (value: number) => string,
): Axis {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const decades = Math.log10(most / least);
  const steps = decades > 1 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
  const first = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(decades) + 3 }, (_, at) => 10 ** (first + at));
  const rounds = powers.flatMap((power) => steps.map((step) => step * power));
  const low = rounds.findLast((round) => round <= least) ?? least;
  const high = rounds.find((round) => round >= most) ?? most;
  return {
    label,
    type: "log",
    domain: [low, high],
    ticks: (decades > 2.2 ? powers : rounds).filter((tick) => tick >= low && tick <= high),
    format,
  };
}

/** Returns an axis for percentages. */
export function percentAxis(label: string): Axis {
  return {
    label,
    type: "linear",
    domain: [0, 100],
    ticks: [0, 25, 50, 75, 100],
    format: (value) => `${value} %`,
  };
}

/** Returns a logarithmic axis with a tick for each number, as long as there is room for it. */
export function numberAxis(
  numbers: readonly number[],
  label: string,
  format: (value: number) => string,
): Axis {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const every = Math.ceil(sorted.length / 6);
  const least = sorted[0] ?? 1;
  return {
    label,
    type: "log",
    domain: [least, sorted.at(-1) ?? least],
    ticks: sorted.filter((_, at) => at % every === 0),
    format,
  };
}

/**
 * Plots the processor time of both ends at 1,000 messages a second.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import {
  axisName,
  drawFigure,
  drawMarks,
  FAINT,
  type Panel,
  panelTitle,
  panelWidth,
  TEXT,
  text,
} from "./plot_figure.ts";
import { COLORS, SHORT_BY } from "./plot_style.ts";
import type { PacedSummary, PairSummary } from "./summary.ts";
import { formatSlowRate } from "./tables.ts";
import { formatLength, formatTick, formatTime } from "./units.ts";
import { WAYS } from "../ways.ts";

const LEFT = 290;
/** Room for a time and a rate, in pixels. */
const RIGHT = 130;
const TOP = 28;
const BOTTOM = 40;
const ROW = 19;

/** Half of a processor at 1,000 messages a second, in nanoseconds for each message. */
const HALF_A_PROCESSOR = 500_000;

const SENDER = COLORS[0];
const RECEIVER = "#e3904f";
const BOTH = COLORS[3];

interface Bar {
  readonly name: string;
  readonly paced: PacedSummary;
}

/**
 * Draws bars for the length at which the most pairs have this measurement, or nothing if none has.
 * Of several such lengths, the shortest is drawn.
 */
export function drawProcessor(pairs: readonly PairSummary[]): string | undefined {
  const length = mostMeasured(pairs);
  if (length === undefined) return;
  const bars = pairs.flatMap(({ by, way, sizes }): Bar[] => {
    const paced = sizes.find((size) => size.length === length)?.paced;
    return paced === undefined ? [] : [{ name: `${WAYS[way]}, ${SHORT_BY[by]}`, paced }];
  }).sort((a, b) => a.paced.both - b.paced.both);
  const isBusy = ({ paced }: Bar) => paced.both >= HALF_A_PROCESSOR;
  return drawFigure({
    title: `Processor time at 1,000 messages of ${formatLength(length)} a second`,
    subtitle:
      "For one message, with the rate if it was less. The two parts have scales of their own.",
    legend: [
      { name: "sender", color: SENDER },
      { name: "receiver", color: RECEIVER },
      ...(bars.some(({ paced }) => paced.ends === undefined)
        ? [{ name: "both in one process", color: BOTH }]
        : []),
    ],
    panels: [
      ...drawBars("Less than half of a processor", bars.filter((bar) => !isBusy(bar))),
      ...drawBars("Half of a processor or more", bars.filter(isBusy)),
    ],
  });
}

/** Returns the length at which the most pairs have this measurement. */
function mostMeasured(pairs: readonly PairSummary[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { length, paced } of pairs.flatMap(({ sizes }) => sizes)) {
    if (paced !== undefined) counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  const [first] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return first?.[0];
}

function drawBars(title: string, bars: readonly Bar[]): Panel[] {
  if (bars.length === 0) return [];
  const width = panelWidth(1);
  const height = TOP + ROW * bars.length + BOTTOM;
  const most = Math.max(1, ...bars.map(({ paced }) => paced.both));
  const across = (value: number) => LEFT + (width - LEFT - RIGHT) * value / most;
  return [{
    width,
    height,
    content: [
      panelTitle(title),
      drawBarMarks(bars, most, { width, height }),
      ...bars.map((bar, at) => nameBar(bar, TOP + ROW * (at + 0.5) + 4, across(bar.paced.both))),
      axisName("processor time for one message", [LEFT, width - RIGHT], height - 2),
    ].join("\n"),
  }];
}

/** Draws the axis and the bars. */
function drawBarMarks(
  bars: readonly Bar[],
  most: number,
  { width, height }: { width: number; height: number },
): string {
  const rows = bars.flatMap(({ paced: { ends, both } }, at) => {
    const place = { top: at + 0.14, bottom: at + 0.86 };
    if (ends === undefined) return [{ ...place, from: 0, to: both, fill: BOTH }];
    return [
      { ...place, from: 0, to: ends.near, fill: SENDER },
      { ...place, from: ends.near, to: both, fill: RECEIVER },
    ];
  });
  return drawMarks({
    width,
    height,
    marginTop: TOP,
    marginBottom: BOTTOM,
    marginLeft: LEFT,
    marginRight: RIGHT,
    x: { domain: [0, most], label: null },
    y: { domain: [0, bars.length], reverse: true, axis: null },
    marks: [
      Plot.gridX({ ticks: 5, stroke: TEXT, strokeOpacity: 0.12 }),
      Plot.axisX({
        ticks: 5,
        tickFormat: (value: number) => value === 0 ? "0" : formatTick(value, formatTime),
        fontSize: 11,
        label: null,
      }),
      Plot.rect(rows, { x1: "from", x2: "to", y1: "top", y2: "bottom", fill: "fill" }),
    ],
  });
}

/** Writes the name of a bar at its left, and the time and a slow rate at its right end. */
function nameBar({ name, paced }: Bar, y: number, end: number): string {
  const rate = formatSlowRate(paced);
  return text(LEFT - 8, y, name, `font-size="11" text-anchor="end"`) +
    text(
      end + 6,
      y,
      formatTime(paced.both) + (rate === undefined ? "" : ` at ${rate}`),
      `font-size="11" fill="${FAINT}" stroke="#ffffff" stroke-width="3" paint-order="stroke"`,
    );
}

/**
 * Plots how cost grows with a number.
 *
 * @module
 */

import { drawFigure, panelWidth } from "./plot_figure.ts";
import {
  type Axis,
  drawLines,
  fitAxis,
  type Line,
  numberAxis,
  percentAxis,
  type Point,
  widthOfLabels,
} from "./plot_lines.ts";
import { pick } from "./plot_style.ts";
import type { GrowthSeries } from "../results.ts";
import { median } from "../median.ts";
import { formatNumber, formatValue, nameUnit } from "./growth_tables.ts";
import { formatTick } from "./units.ts";

const HEIGHT = 280;
const COLUMNS = 2;
/** Maximum width of names in pixels, so that lines beside the names have room in two columns. */
const MAX_LABELS = 150;

/** A figure of growth. */
export interface GrowthFigure {
  /** The name of the file, without the extension. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** Draws a figure for each kind of number that grows. */
export function drawGrowth(growth: readonly GrowthSeries[]): GrowthFigure[] {
  const figures = Map.groupBy(growth.filter(isDrawable), ({ of }) => figureOf(of));
  return [...figures].map(([title, series]) => {
    const panels = [...Map.groupBy(series, ({ of, unit }) => `${of}, ${unit}`).values()]
      .map((group) => ({ ...nameGroup(group), lines: group.map(drawSeries) }));
    const labelWidth = widthOfLabels(panels.flatMap(({ lines }) => lines));
    const columns = labelWidth > MAX_LABELS ? 1 : Math.min(COLUMNS, panels.length);
    return {
      name: title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"),
      title,
      svg: drawFigure({
        title,
        subtitle: "Medians of the launches. The bands reach from the least to the greatest value.",
        columns,
        panels: panels.map(({ of, unit, lines }) =>
          drawLines({
            ...(panels.length > 1 && { title: `By ${of}` }),
            width: panelWidth(columns),
            height: HEIGHT,
            labelWidth,
            ...axesFor(of, unit, lines),
            lines,
          })
        ),
      }),
    };
  });
}

function nameGroup([first]: readonly GrowthSeries[]): { of: string; unit: string } {
  return { of: first?.of ?? "", unit: first?.unit ?? "" };
}

function drawSeries(series: GrowthSeries, at: number): Line {
  return {
    label: series.name,
    color: pick(at),
    dash: /^(C\b|memcpy$)/.test(series.name) ? "3 3" : "none",
    points: summarizePoints(series),
  };
}

function axesFor(of: string, unit: string, lines: readonly Line[]): { x: Axis; y: Axis } {
  const points = lines.flatMap(({ points }) => points);
  const values = points.flatMap(({ y, low = y, high = y }) => [low, high]);
  return {
    x: numberAxis(points.map(({ x }) => x), of, (value) => formatNumber(value, of)),
    y: unit === "percent" ? percentAxis(unit) : fitAxis(
      values,
      nameUnit(unit),
      (value) => formatTick(value, (value) => formatValue(value, unit)),
    ),
  };
}

/**
 * Summarizes the points of a series, as the tables do. A logarithmic axis has no place for a point
 * with a value of zero.
 */
function summarizePoints({ unit, points }: GrowthSeries): Point[] {
  const least = unit === "percent" ? 0 : Number.MIN_VALUE;
  return points.flatMap(({ x, y }) => {
    const low = Math.min(...y);
    if (x <= 0 || y.length === 0 || low < least) return [];
    return [{ x, y: median(y), low, high: Math.max(...y) }];
  }).sort((a, b) => a.x - b.x);
}

function isDrawable(series: GrowthSeries): boolean {
  return summarizePoints(series).length > 1;
}

/** Returns the title of the figure that shows the growth with a number. */
function figureOf(of: string): string {
  if (of.startsWith("bytes")) return `Cost by ${of}`;
  return of.startsWith("open ") ? "Cost by number of open objects" : "Cost by number of peers";
}

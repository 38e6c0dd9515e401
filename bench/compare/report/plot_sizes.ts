/**
 * Plots by the length of the messages: round trips and rates.
 *
 * @module
 */

import { drawFigure, panelWidth, TEXT } from "./plot_figure.ts";
import {
  drawLines,
  fitAxis,
  type Line,
  numberAxis,
  type Point,
  widthOfLabels,
} from "./plot_lines.ts";
import { colorOf, DASHES, PANELS, SHORT_BY, SHORT_WAYS } from "./plot_style.ts";
import type { PairSummary, SizeSummary } from "./summary.ts";
import { formatBytes, formatLength, formatTick, formatTime } from "./units.ts";
import type { By } from "../ways.ts";

const COLUMNS = 2;
const HEIGHT = 300;

/** Draws round trips by length, or nothing if there are fewer than two lengths. */
export function drawLatency(pairs: readonly PairSummary[]): string | undefined {
  return draw(pairs, {
    title: "Round trip by length of the message",
    subtitle: "Medians. The bands of winipc and Deno alone reach from p10 to p90.",
    label: "round trip",
    format: (value) => formatTick(value, formatTime),
    point: ({ length, trips }, by) =>
      trips && {
        x: length,
        y: trips.median,
        ...(isBanded(by) && { low: trips.p10, high: trips.p90 }),
      },
  });
}

/** Draws rates by length, or nothing if there are fewer than two lengths. */
export function drawThroughput(pairs: readonly PairSummary[]): string | undefined {
  const bands = pairs.some(({ sizes }) => sizes.some(({ stream }) => stream?.spread))
    ? " The bands of winipc and Deno alone show the spread of the launches."
    : "";
  return draw(pairs, {
    title: "Bytes a second by length of the message",
    subtitle: `One way, medians of the launches. Higher is faster.${bands}`,
    label: "bytes a second",
    format: (value) => `${formatTick(value, formatBytes)}/s`,
    point: ({ length, stream }, by) =>
      stream && {
        x: length,
        y: stream.bytesPerSecond,
        ...(stream.spread && isBanded(by) && { low: stream.spread.p10, high: stream.spread.p90 }),
      },
  });
}

interface Drawing {
  readonly title: string;
  readonly subtitle: string;
  readonly label: string;
  readonly format: (value: number) => string;
  readonly point: (size: SizeSummary, by: By) => Point | undefined;
}

function draw(pairs: readonly PairSummary[], drawing: Drawing): string | undefined {
  const { title, subtitle, label, format, point } = drawing;
  const drawn = pairs.flatMap((pair) => {
    const dash = DASHES.find(({ by }) => by === pair.by)?.dash;
    const points = pair.sizes.flatMap((size) => point(size, pair.by) ?? []);
    return dash === undefined || points.length < 2 ? [] : [{ ...pair, dash, points }];
  });
  if (drawn.length === 0) return;
  const all = drawn.flatMap(({ points }) => points);
  const axes = {
    x: numberAxis(all.map(({ x }) => x), "length of a message", formatLength),
    y: fitAxis(all.flatMap(({ y, low = y, high = y }) => [y, low, high]), label, format),
  };
  const panels = PANELS.flatMap(({ title, ways }) => {
    const here = drawn.filter(({ way }) => ways.includes(way));
    const lines = here.map((pair): Line => ({
      ...nameLine(pair, here),
      color: colorOf(pair.way),
      dash: pair.dash,
      points: pair.points,
    }));
    return lines.length === 0 ? [] : [{ title, lines }];
  });
  const columns = Math.min(COLUMNS, panels.length);
  const width = panelWidth(columns);
  const labelWidth = widthOfLabels(panels.flatMap(({ lines }) => lines));
  return drawFigure({
    title,
    subtitle,
    columns,
    legend: DASHES
      .filter(({ by }) => drawn.some((pair) => pair.by === by))
      .map(({ by, dash }) => ({ name: SHORT_BY[by], color: TEXT, dash })),
    panels: panels.map((panel) =>
      drawLines({ ...panel, ...axes, width, height: HEIGHT, labelWidth })
    ),
  });
}

/** Names a line by its way. A line of C beside that of another program gets no name. */
function nameLine({ by, way }: PairSummary, here: readonly PairSummary[]): { label?: string } {
  const others = here.filter((pair) => pair.way === way && pair.by !== by);
  if (by === "c" && others.length > 0) return {};
  const isShared = others.some((pair) => pair.by !== "c");
  return { label: isShared ? `${SHORT_WAYS[way]}, ${SHORT_BY[by]}` : SHORT_WAYS[way] };
}

/** Returns whether the lines of a program have bands. More bands would hide each other. */
function isBanded(by: By): boolean {
  return by === "winipc" || by === "deno";
}

/**
 * Puts panels, which Observable Plot draws, into one SVG.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";

/** Width of each figure, in pixels. */
const WIDTH = 800;

/** Color of text. */
export const TEXT = "#1f2328";

/** Color of less important text. */
export const FAINT = "#57606a";

const FONT = "system-ui, -apple-system, &quot;Segoe UI&quot;, sans-serif";
const MARGIN = 16;
const TITLE_HEIGHT = 62;
const LEGEND_HEIGHT = 24;
const GAP = 14;

/** A part of a figure. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  /** SVG elements. */
  readonly content: string;
}

/** An entry of a legend. */
export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  /** Dashes of a line. Without them, the entry has a square. */
  readonly dash?: string;
}

/** A figure. */
export interface Figure {
  readonly title: string;
  readonly subtitle: string;
  readonly legend?: readonly LegendEntry[];
  /** Number of columns. @default 1 */
  readonly columns?: number;
  readonly panels: readonly Panel[];
}

/** Returns the width of a panel. */
export function panelWidth(columns: number): number {
  return (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns;
}

/** Draws the marks of a panel. */
export function drawMarks(options: Plot.PlotOptions): string {
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const svg = Plot.plot({ ...options, document, className: "plot" });
  svg.querySelector("style")?.remove();
  return svg.outerHTML;
}

/** Draws a figure on a white ground, so that it can be read on dark pages too. */
export function drawFigure({ title, subtitle, legend, columns = 1, panels }: Figure): string {
  const parts: string[] = [];
  const legendHeight = legend ? LEGEND_HEIGHT : 0;
  let y = TITLE_HEIGHT + legendHeight;
  for (let at = 0; at < panels.length; at += columns) {
    const row = panels.slice(at, at + columns);
    let x = MARGIN;
    for (const { width, content } of row) {
      parts.push(`<g transform="translate(${x},${y})">${content}</g>`);
      x += width + GAP;
    }
    y += Math.max(...row.map(({ height }) => height)) + GAP;
  }
  const height = y - GAP + MARGIN;
  // Numbers get two decimals, which keeps the file small.
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="${FONT}" font-size="12" ` +
    `fill="${TEXT}" color="${TEXT}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="6" fill="#ffffff"/>`,
    text(MARGIN, 28, title, `font-size="17" font-weight="600"`),
    text(MARGIN, 48, subtitle, `fill="${FAINT}"`),
    ...(legend ? [drawLegend(legend)] : []),
    ...parts,
    "</svg>\n",
  ].join("\n").replace(
    /-?\d+\.\d{3,}(e-\d+)?/g,
    (number) => `${Number(Number(number).toFixed(2))}`,
  );
}

/** Draws text. */
export function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeText(content)}</text>`;
}

/** Writes the title of a panel. */
export function panelTitle(title: string): string {
  return text(0, 14, title, `font-size="13" font-weight="600"`);
}

/**
 * Writes the name of a horizontal axis below the middle of the axis.
 *
 * @param ends Where the axis begins and ends, in pixels from the left.
 * @param y The place of the name, in pixels from the top.
 */
export function axisName(name: string, ends: readonly [number, number], y: number): string {
  const attributes = `font-size="11" fill="${FAINT}" text-anchor="middle"`;
  return text((ends[0] + ends[1]) / 2, y, name, attributes);
}

function drawLegend(entries: readonly LegendEntry[]): string {
  const y = TITLE_HEIGHT + 4;
  let x = MARGIN;
  return entries.map(({ name, color, dash }) => {
    const width = dash === undefined ? 10 : 30;
    const symbol = dash === undefined
      ? `<rect x="${x}" y="${y - 5}" width="10" height="10" rx="2" fill="${color}"/>`
      : `<path d="M${x},${y}h30" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`;
    const entry = symbol + text(x + width + 6, y + 4, name);
    x += width + 6 + textWidth(name, 12) + 20;
    return entry;
  }).join("\n");
}

/** Returns a width in pixels that text does not exceed. */
export function textWidth(content: string, fontSize: number): number {
  return content.length * fontSize * 0.6;
}

function escapeText(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

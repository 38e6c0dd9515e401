/**
 * Draws all plots of the report.
 *
 * @module
 */

import { drawGrowth } from "./plot_growth.ts";
import { drawOverview, overviewLengths } from "./plot_overview.ts";
import { drawProcessor } from "./plot_processor.ts";
import { drawLatency, drawThroughput } from "./plot_sizes.ts";
import type { GrowthSeries } from "../results.ts";
import type { PairSummary } from "./summary.ts";
import { formatLength } from "./units.ts";

/** A plot. */
export interface DrawnPlot {
  /** The name of its file. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** The plots of each section of the report. A list is empty if there are no data for its plots. */
export interface Plots {
  readonly overview: readonly DrawnPlot[];
  readonly latency: readonly DrawnPlot[];
  readonly throughput: readonly DrawnPlot[];
  readonly processor: readonly DrawnPlot[];
  readonly growth: readonly DrawnPlot[];
}

/** Draws all plots for which there is data. */
export function drawPlots(pairs: readonly PairSummary[], growth: readonly GrowthSeries[]): Plots {
  return {
    overview: overviewLengths(pairs).flatMap((length) =>
      asPlot(
        `round_trip_${length}.svg`,
        `Round trip of ${formatLength(length)}`,
        drawOverview(pairs, length),
      )
    ),
    latency: asPlot("latency.svg", "Round trip by length", drawLatency(pairs)),
    throughput: asPlot("throughput.svg", "Bytes a second by length", drawThroughput(pairs)),
    processor: asPlot("processor.svg", "Processor time", drawProcessor(pairs)),
    growth: drawGrowth(growth).map(({ name, title, svg }) => ({ name: `${name}.svg`, title, svg })),
  };
}

function asPlot(name: string, title: string, svg: string | undefined): DrawnPlot[] {
  return svg === undefined ? [] : [{ name, title, svg }];
}

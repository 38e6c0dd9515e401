/**
 * Measures how costs grow: with the length of messages, and with the number of producers,
 * receivers, open objects and mapped bytes.
 *
 * @module
 */

import type { GrowthSeries } from "./results.ts";
import type { Growing, Measurement } from "./growth/growing.ts";
import { mappings } from "./growth/mappings.ts";
import { messageLength } from "./growth/message_length.ts";
import { openObjects } from "./growth/open_objects.ts";
import { producers } from "./growth/producers.ts";
import { receivers } from "./growth/receivers.ts";

/** Options of {@linkcode measureGrowth}. */
export interface GrowthOptions {
  /** Number of launches of all processes. */
  readonly launches: number;
  /**
   * Time limit in seconds. A launch does not begin if a launch as long as the longest one would
   * end too late. The first launch always begins.
   *
   * @default Infinity
   */
  readonly maxSeconds?: number;
  /** Is called with the name of each thing before its measurement. @default nothing is reported */
  readonly report?: (text: string) => void;
  /** Is called for each value that this machine cannot have, with the reason. @default ignored */
  readonly skip?: (text: string) => void;
  /** Ends all processes, and removes their files. @default nothing does */
  readonly signal?: AbortSignal;
  /** Whether to measure only small numbers, as a test. @default false */
  readonly isSmoke?: boolean;
  /** Whether there is a C compiler. Without one, the series of C are left out. @default true */
  readonly hasC?: boolean;
  /** The things to measure, such as `producers`. @default all */
  readonly only?: readonly string[];
  /** The script of the Workers that are producers. @default growth/peers/producer.ts */
  readonly producer?: URL;
}

/**
 * Measures how costs grow.
 *
 * @returns All series. Each point has one value of each launch that did not skip it.
 * @throws The reason of the signal, after all processes have ended.
 * @throws {Error} If a process fails, or takes too long, or receives a wrong message.
 */
export async function measureGrowth(options: GrowthOptions): Promise<GrowthSeries[]> {
  const { launches, maxSeconds = Infinity, report = () => {}, skip = () => {} } = options;
  const { isSmoke = false, only, hasC = true, signal } = options;
  const things = [
    messageLength(hasC),
    producers(options.producer),
    receivers,
    ...openObjects,
    mappings,
  ].filter(({ of }) => only === undefined || only.includes(of));
  const collected = things.map((thing) => new Collected(thing));
  const begun = performance.now();
  let longest = 0;
  for (let launch = 0; launch < launches; launch++) {
    const start = performance.now();
    if (launch > 0 && start + longest > begun + maxSeconds * 1000) break;
    for (const series of collected) {
      signal?.throwIfAborted();
      report(`growth ${launch + 1}/${launches}: ${series.thing.of}`);
      await series.collect({ isSmoke, skip, signal });
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return collected.flatMap((series) => series.toSeries());
}

/** Options of one launch. */
interface LaunchOptions {
  readonly isSmoke: boolean;
  readonly skip: (text: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Collects the measurements of one thing in all launches. */
class Collected {
  readonly thing: Growing;
  /** The values of all launches, by the name of the series and the number. */
  readonly #values: ReadonlyMap<string, Map<number, number[]>>;

  constructor(thing: Growing) {
    this.thing = thing;
    this.#values = new Map(Object.keys(thing.units).map((name) => [name, new Map()]));
  }

  /** Makes a launch, and keeps its values. */
  async collect({ isSmoke, skip, signal }: LaunchOptions): Promise<void> {
    const { of, numbers, smokeNumbers } = this.thing;
    try {
      for await (const value of this.thing.launch(isSmoke ? smokeNumbers : numbers, signal)) {
        if ("why" in value) skip(`Skipped: ${value.name} at ${value.x} ${of}: ${value.why}`);
        else this.#add(value);
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  #add({ name, x, y }: Measurement): void {
    const points = this.#values.get(name)!;
    points.set(x, [...points.get(x) ?? [], y]);
  }

  toSeries(): GrowthSeries[] {
    return [...this.#values].map(([name, points]) => ({
      of: this.thing.of,
      name,
      unit: this.thing.units[name]!,
      points: [...points].map(([x, y]) => ({ x, y })),
    }));
  }
}

/**
 * The results of a comparison, as its JSON file keeps them. All tables and plots are made of them.
 *
 * @module
 */

import type { By, WayName } from "./ways.ts";

/** All results of a comparison. */
export interface Results {
  /** The version of this format. */
  readonly format: 1;
  readonly environment: Environment;
  /** The seed of the order of the launches. */
  readonly seed: number;
  /** Number of launches of each pair. */
  readonly launches: number;
  /** One run of each pair in each launch, in the order in which they ran. */
  readonly runs: readonly Run[];
  /** The ways that could not run, or not at all lengths. */
  readonly missing: readonly Missing[];
  /** How cost grows. Empty if growth was not measured. */
  readonly growth: readonly GrowthSeries[];
}

/** The machine, the system and the programs of a comparison. */
export interface Environment {
  /** The day, as in 2026-11-30. */
  readonly date: string;
  /** The commit that was measured. */
  readonly commit: string;
  /** The name of the processor. */
  readonly processor: string;
  readonly processors: number;
  /** Bytes of memory. */
  readonly memory: number;
  /** The system: `Windows 11 build 26100`, or `Wine 10.0 on Linux 6.1`. */
  readonly system: string;
  readonly isWine: boolean;
  /** Versions by name: Deno, V8, the C compiler, Boost, Node.js, koffi, Bun. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A way of a program that could not run, or not at all lengths. */
export interface Missing {
  readonly by: By;
  readonly way: WayName;
  readonly why: string;
}

/** The measurements of one launch of a pair. */
export interface Run {
  readonly by: By;
  readonly way: WayName;
  /** The number of the launch, from 0. */
  readonly launch: number;
  /**
   * Time until both ends were open, in nanoseconds. The start of a process counts only if the near
   * end starts the far end.
   */
  readonly setUp: number;
  readonly sizes: readonly SizeRun[];
}

/** The measurements of one frame size. */
export interface SizeRun {
  /** Length of each frame, in bytes. */
  readonly length: number;
  /** The times of the round trips, each timed alone, without those of the warm-up. */
  readonly trips: Histogram;
  /**
   * Frames in one direction, timed by the receiver from the first to the last. For a `LatestValue`
   * these are the frames that arrived. The writer wrote more, and overwrote them.
   */
  readonly stream: { readonly frames: number; readonly nanoseconds: number };
  /** Frames at 1,000 a second, and the processor time that both ends used for them. */
  readonly paced?: {
    readonly frames: number;
    readonly nanoseconds: number;
    readonly nearProcessor: number;
    readonly farProcessor: number;
  };
}

/**
 * Counts of times: pairs of a bucket and its count. The time of bucket `b` is `2 ** (b / 32)`
 * nanoseconds, so each time is exact to 1.1 percent.
 */
export type Histogram = readonly (readonly [bucket: number, count: number])[];

/** How the cost of something grows with a number. */
export interface GrowthSeries {
  /** The growing thing: `bytes of a message`, `producers`, `receivers`, `open channels`. */
  readonly of: string;
  /** The measured thing: `RingChannel`, `C ring`. */
  readonly name: string;
  /** The unit of `y`: `frames a second`, `bytes a second`, `nanoseconds`, `bytes`, `percent`. */
  readonly unit: string;
  /** The numbers `x` of the growing thing, each with the values of all launches. */
  readonly points: readonly { readonly x: number; readonly y: readonly number[] }[];
}

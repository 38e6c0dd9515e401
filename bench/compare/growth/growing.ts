/**
 * Growing things, and the measurements of their costs.
 *
 * @module
 */

/** Something that grows, with costs that are measured at each number. */
export interface Growing {
  /** The growing thing: `producers`. */
  readonly of: string;
  /** The units of the series, by the names of the series. */
  readonly units: Readonly<Record<string, string>>;
  /** The numbers of a whole measurement, in ascending order. */
  readonly numbers: readonly number[];
  /** The numbers of a short measurement. */
  readonly smokeNumbers: readonly number[];
  /**
   * Measures all series at each number, in new processes.
   *
   * @param signal Ends all processes at once, and with them the measurement.
   */
  launch(
    numbers: readonly number[],
    signal?: AbortSignal,
  ): AsyncGenerator<Measurement | Unmeasured, void, void>;
}

/** A measured value. */
export interface Measurement {
  /** The name of the series. */
  readonly name: string;
  /** The number of the growing things. */
  readonly x: number;
  readonly y: number;
}

/** A value that this machine cannot have. */
export interface Unmeasured {
  /** The name of the series. */
  readonly name: string;
  /** The number of the growing things. */
  readonly x: number;
  readonly why: string;
}

/** Wanted time of a measured run, in nanoseconds. */
const TIME = 200e6;

/**
 * Returns the number of repetitions that take 200 ms, within limits.
 *
 * @param nanoseconds The time of one repetition in an earlier, shorter run.
 */
export function repetitions(
  nanoseconds: number,
  { min, max }: { min: number; max: number },
): number {
  return Math.min(Math.max(Math.round(TIME / nanoseconds), min), max);
}

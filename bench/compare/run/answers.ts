/**
 * Reads the answers of a near end.
 *
 * @module
 */

import type { Histogram, SizeRun } from "../results.ts";

/** The fields of an answer. */
export type Answer = Readonly<Record<string, unknown>>;

/**
 * Reads an answer, which is one line of JSON.
 *
 * @throws {Error} If the line is an error, or no JSON object.
 */
export function readAnswer(line: string): Answer {
  const answer = parse(line);
  if (typeof answer.error === "string") throw new Error(answer.error);
  return answer;
}

function parse(line: string): Answer {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // The error below tells more.
  }
  throw new Error(`the near end answered ${JSON.stringify(line)}`);
}

/** Returns the histogram of the answer to `trips`. */
export function tripsOf({ trips }: Answer): Histogram {
  if (!Array.isArray(trips) || trips.length === 0) throw new Error("no round trips in the answer");
  return trips.map((pair: unknown) => {
    const [bucket, count]: unknown[] = Array.isArray(pair) ? pair : [];
    return [numberOf("bucket", bucket), numberOf("count", count)];
  });
}

/** Returns the times of the answer to `stream`. */
export function streamOf({ frames, nanoseconds }: Answer): SizeRun["stream"] {
  return {
    frames: numberOf("frames", frames),
    nanoseconds: numberOf("nanoseconds", nanoseconds),
  };
}

/** Returns the times of the answer to `paced`. */
export function pacedOf(answer: Answer): NonNullable<SizeRun["paced"]> {
  return {
    ...streamOf(answer),
    nearProcessor: numberOf("nearProcessor", answer.nearProcessor),
    farProcessor: numberOf("farProcessor", answer.farProcessor),
  };
}

/** Returns the whole number that is nearest to a value. */
function numberOf(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return Math.round(value);
  throw new Error(`${name} is ${value} in the answer`);
}

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
    // The error below shows the line, which the error of JSON.parse() need not.
  }
  throw new Error(`expected an object as JSON from the near end, got ${JSON.stringify(line)}`);
}

/** Returns the histogram of the answer to `trips`. */
export function tripsOf({ trips }: Answer): Histogram {
  if (!Array.isArray(trips) || trips.length === 0) {
    throw new Error("expected round trips in the near end's answer, got none");
  }
  return trips.map((pair: unknown) => {
    const [bucket, count]: unknown[] = Array.isArray(pair) ? pair : [];
    return [numberOf("bucket", bucket), numberOf("count", count)];
  });
}

/** Returns the frames of the answer to `stream`, and their time. */
export function streamOf({ frames, nanoseconds }: Answer): SizeRun["stream"] {
  return {
    frames: numberOf("frames", frames),
    nanoseconds: numberOf("nanoseconds", nanoseconds),
  };
}

/** Returns the frames of the answer to `paced`, and their times. */
export function pacedOf(answer: Answer): NonNullable<SizeRun["paced"]> {
  return {
    ...streamOf(answer),
    nearProcessor: numberOf("nearProcessor", answer.nearProcessor),
    farProcessor: numberOf("farProcessor", answer.farProcessor),
  };
}

/** Returns the whole number that is nearest to a value, which must be a number from 0. */
function numberOf(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return Math.round(value);
  throw new Error(`expected a number from 0 as ${name} in the near end's answer, got ${value}`);
}

/**
 * Measures several ways to do the same task in one run, prints their medians, and checks their
 * limits. All reports in this folder use this file.
 *
 * The rounds are interleaved, in alternating order, because the machine's speed changes during a
 * run.
 *
 * @module
 */

const ROUNDS = 21;

/** One of the compared ways to do the task of a group. */
export interface MeasuredCase {
  /** Does the task many times, and returns the time of each, in nanoseconds. */
  readonly measure: () => readonly number[] | Promise<readonly number[]>;
  /** Limits: the maximum median time as a multiple of another case, by that case's name. */
  readonly atMost?: Readonly<Record<string, number>> | undefined;
}

/** A task, and the cases that do it. */
export interface MeasuredGroup {
  /** The task of the group. */
  readonly name: string;
  /** The cases by their names. All cases are compared to the first. */
  readonly cases: Readonly<Record<string, MeasuredCase>>;
  /** Number of rounds, without the first round, which only warms up. @default 21 */
  readonly rounds?: number | undefined;
}

/** Measures all cases of a group and prints them. If a limit is missed, the exit code becomes 1. */
export async function reportGroup({ name, cases, rounds = ROUNDS }: MeasuredGroup): Promise<void> {
  const inOrder = Object.entries(cases);
  const samples = new Map<string, number[]>(inOrder.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { measure }] of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
      const taken = await measure();
      // The first round only warms up.
      if (round > 0) samples.get(name)!.push(...taken);
    }
  }
  console.log(`\n${name}`);
  console.log(`      median       95 %        min   of ${inOrder[0]![0]}`);
  const ratio = (name: string, other: string) =>
    quantile(samples.get(name)!, 0.5) / quantile(samples.get(other)!, 0.5);
  for (const [name, { atMost = {} }] of inOrder) {
    const taken = samples.get(name)!;
    const times = [0.5, 0.95, 0].map((part) => inUnits(quantile(taken, part))).join(" ");
    console.log(`${times}  ${ratio(name, inOrder[0]![0]).toFixed(2).padStart(5)}   ${name}`);
    for (const [other, limit] of Object.entries(atMost)) {
      checkLimit(`${ratio(name, other).toFixed(2)} of ${other}`, ratio(name, other) <= limit, {
        bound: `at most ${limit.toFixed(2)}`,
      });
    }
  }
}

/** Prints whether a limit is met. If it is not, the exit code becomes 1. */
export function checkLimit(found: string, isMet: boolean, { bound }: { bound: string }): void {
  if (!isMet) Deno.exitCode = 1;
  console.log(`${" ".repeat(45)}${found}, ${isMet ? "met" : "OVER"}: ${bound}`);
}

/** Returns the sample below which this part of the samples is. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]!;
}

function inUnits(nanoseconds: number): string {
  const text = nanoseconds < 1000
    ? `${nanoseconds.toFixed(1)} ns`
    : `${(nanoseconds / 1000).toFixed(1)} µs`;
  return text.padStart(11);
}

/**
 * Compares named pipes with a pair of C programs, which are compiled in this run, and with Deno's
 * `node:net`.
 *
 *     deno task report:pipe [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs the library of another checkout. With names, it runs only the groups
 * whose names contain one of them.
 *
 * The two ends of a pair are two processes. They run on all processors, and in some groups on the
 * same one. The rounds are interleaved, in alternating order, and medians are compared. The exit
 * code is 1 if a limit is missed or a pair cannot run.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { pathToFileURL } from "node:url";
import { findCommit } from "./commit.ts";
import { type Group, GROUPS, type PairName, PAIRS } from "./pipe_cases.ts";
import { deletePrograms, type Ends, PipePair } from "./pipe_pair.ts";

const ROUNDS = 21;
const FIRST_PROCESSOR = 1;
const ALL_PROCESSORS = 2 ** navigator.hardwareConcurrency - 1;
const BESIDE = ", beside";

const options = parseArgs(Deno.args, { string: ["beside"] });
const beside = options.beside === undefined ? undefined : pathToFileURL(`${options.beside}/`);
const groups = GROUPS.filter(({ name }) =>
  options._.length === 0 || options._.some((word) => name.includes(`${word}`))
);

console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
if (beside !== undefined) console.log(`beside ${await findCommit(beside)}`);
try {
  await using stack = new AsyncDisposableStack();
  const pairs = new Map<string, PipePair>();
  for (const group of groups) await report(group, pairs, stack);
} finally {
  await deletePrograms();
}

async function report(
  group: Group,
  pairs: Map<string, PipePair>,
  stack: AsyncDisposableStack,
): Promise<void> {
  const names = group.cases.flatMap(({ pair }) => {
    const isCompared = beside !== undefined && Object.values(PAIRS[pair]).includes("pipe_end.ts");
    return isCompared ? [pair, `${pair}${BESIDE}`] : [pair];
  });
  const processors = group.isOnOneProcessor ? FIRST_PROCESSOR : ALL_PROCESSORS;
  const pairOf = async (name: string) => {
    const key = `${name} on ${processors}`;
    const pair = pairs.get(key) ?? stack.use(await PipePair.start({ ...endsOf(name), processors }));
    pairs.set(key, pair);
    return pair;
  };
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= (group.rounds ?? ROUNDS); round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const taken = await (await pairOf(name)).run(group.way, group.byteLength, group.count);
      // The first round only warms up.
      if (round > 0) samples.get(name)!.push(...taken);
    }
  }
  print(group, samples);
}

function endsOf(name: string): Omit<Ends, "processors"> {
  const isBeside = name.endsWith(BESIDE);
  const pair = (isBeside ? name.slice(0, -BESIDE.length) : name) as PairName;
  const checkout = isBeside && beside !== undefined ? { checkout: beside } : {};
  return { ...PAIRS[pair], ...checkout };
}

function print(group: Group, samples: ReadonlyMap<string, readonly number[]>): void {
  console.log(`\n${group.name}`);
  console.log(`      median       95 %        min   of ${group.cases[0]!.pair}`);
  const median = (name: string) => quantile(samples.get(name)!, 0.5);
  for (const [name, taken] of samples) {
    const times = [0.5, 0.95, 0].map((part) => inMicroseconds(quantile(taken, part))).join(" ");
    const ratio = median(name) / median(group.cases[0]!.pair);
    const shown = Number.isFinite(ratio) ? ratio.toFixed(2) : "";
    console.log(`${times}  ${shown.padStart(5)}   ${name}`);
    const limits = group.cases.find(({ pair }) => pair === name)?.atMost ?? {};
    for (const [other, limit] of Object.entries(limits)) {
      const found = median(name) / median(other);
      const isMet = found <= limit;
      if (!isMet) Deno.exitCode = 1;
      const verdict = isMet ? "met" : "OVER";
      console.log(
        `${" ".repeat(45)}${found.toFixed(2)} of ${other}, ${verdict}: at most ${limit.toFixed(2)}`,
      );
    }
  }
}

/** Returns the sample below which this part of the samples is. */
function quantile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]!;
}

function inMicroseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(1)} µs`.padStart(11);
}

/**
 * Compares channels with C programs, which are compiled in this run with the library's own header.
 *
 *     deno task report:channel [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs each of the library's cases again, and once more with the library of
 * another checkout. The difference between the two runs of this checkout is chance. With names, it
 * runs only the groups whose names contain one of them.
 *
 * The two ends of a pair are two processes. They run on two processors if they spin, and on one if
 * they sleep. Otherwise the ratios would depend on where the system puts them. The rounds are
 * interleaved, in alternating order, and medians are compared. The exit code is 1 if a limit is
 * missed or a pair cannot run. Only Boost can be missing, if it is not there and cannot be installed.
 *
 * @module
 */

import { type Case, type Group, GROUPS } from "./channel_cases.ts";
import { ChannelPair, deletePrograms } from "./channel_pair.ts";
import { installBoost } from "./compare/install/boost.ts";
import { beginReport } from "./report_arguments.ts";
import { checkLimit, quantile } from "./report_group.ts";

const ROUNDS = 41;
const PROGRAM_OF_BOOST = "boost_queue.cpp";

/** The results of all rounds of a case, in nanoseconds. */
interface Figures {
  readonly median: number;
  /** The 99th percentile. */
  readonly late: number;
  readonly max: number;
  readonly min: number;
  /** Percentage of sends that found the receiver asleep. */
  readonly asleep: number;
}

const { beside, groups } = await beginReport(GROUPS);
/** The runs of each of the library's cases, by the suffix that they add to the case's name. */
const RUNS: Readonly<Record<string, { checkout?: URL }>> = beside === undefined
  ? { "": {} }
  : { "": {}, " again": {}, " beside": { checkout: beside } };

const boost = await installBoost({ installs: true, print: console.log });
if ("missing" in boost) console.log(`Boost is missing: ${boost.missing}`);
try {
  for (const group of groups) await report(group);
} finally {
  await deletePrograms();
}

async function report(group: Group): Promise<void> {
  console.log(`\n${group.name}`);
  console.log("      median       99 %         max        min   of C");
  const figures = await measure(group);
  const compared = (name: string) => figures[name]!.median;
  const [inC] = Object.keys(group.cases);
  for (const [name, { atMost = {} }] of Object.entries(group.cases)) {
    const found = figures[name];
    if (found === undefined) {
      console.log(`${" ".repeat(56)}${name}: missing`);
      continue;
    }
    const ratio = (other: string) =>
      group.isRate ? compared(other) / compared(name) : compared(name) / compared(other);
    const times = [found.median, found.late, found.max, found.min].map(inUnits).join(" ");
    const asleep = group.processors === 1 ? `, ${found.asleep.toFixed(0)} % asleep` : "";
    console.log(`${times}  ${ratio(inC!).toFixed(2).padStart(5)}   ${name}${asleep}`);
    for (const [other, limit] of Object.entries(atMost)) {
      if (figures[other] === undefined) continue;
      const bound = group.isRate ? `at least ${(1 / limit).toFixed(2)}` : `at most ${limit}`;
      const isMet = found.median <= limit * compared(other);
      checkLimit(`${ratio(other).toFixed(2)} of ${other}`, isMet, { bound });
    }
    const [again, other] = [figures[`${name} again`], figures[`${name} beside`]];
    if (again === undefined || other === undefined) continue;
    const medians = [found, again, other].map(({ median }) => inUnits(median).trim());
    const spread = (again.median / found.median).toFixed(2);
    const change = (found.median / other.median).toFixed(2);
    console.log(
      `${" ".repeat(56)}  ${medians[0]}, again ${medians[1]} (${spread}), beside ${medians[2]}: ` +
        `${change} of that`,
    );
  }
}

async function measure({ cases, count, ...task }: Group): Promise<Record<string, Figures>> {
  await using stack = new AsyncDisposableStack();
  const pairs = new Map<string, ChannelPair>();
  for (const [name, { program, way }] of Object.entries(cases) as [string, Case][]) {
    if (program === PROGRAM_OF_BOOST && "missing" in boost) continue;
    const runs = program === "ring_end.ts" ? RUNS : { "": {} };
    for (const [run, options] of Object.entries(runs)) {
      const pair = await ChannelPair.start(program, { ...task, ...options, way });
      pairs.set(`${name}${run}`, stack.use(pair));
    }
  }
  const samples = new Map<string, number[]>();
  const slept = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    const inOrder = [...pairs];
    for (const [name, pair] of round % 2 === 0 ? inOrder : inOrder.reverse()) {
      const measured = await pair.run(count);
      // The first round only warms up.
      if (round === 0) continue;
      samples.set(name, [...samples.get(name) ?? [], ...measured.nanoseconds]);
      slept.set(name, (slept.get(name) ?? 0) + measured.slept);
    }
  }
  const ends = 2 * count * ROUNDS;
  return Object.fromEntries(
    [...pairs.keys()].map((name) => [name, figuresOf(samples.get(name)!, slept.get(name)! / ends)]),
  );
}

function figuresOf(samples: readonly number[], asleep: number): Figures {
  const at = (part: number) => quantile(samples, part);
  return { median: at(0.5), late: at(0.99), max: at(1), min: at(0), asleep: 100 * asleep };
}

function inUnits(nanoseconds: number): string {
  const text = nanoseconds < 10_000
    ? `${nanoseconds.toFixed(1)} ns`
    : `${(nanoseconds / 1000).toFixed(1)} µs`;
  return text.padStart(11);
}

/**
 * What channels cost beside C: programs that are compiled in this run, by the library's own header.
 *
 *     deno task report:channel [--beside FOLDER]
 *
 * With `--beside` it also runs each of the library's cases a second time, and a third time with the
 * library of another checkout. The two runs of this checkout show how much the medians vary anyway.
 *
 * Both ends of a pair are always two processes: on two processors where they spin, and on one where
 * they sleep, for otherwise the ratios would tell where the system happened to put them. The rounds
 * are interleaved, in one order and then in the other, and medians are compared. It ends with 1 if a C pair cannot run.
 * Only Boost may be missing: Debian's libboost-dev and g++-mingw-w64-x86-64-win32 have what that
 * takes.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { type Case, type Group, GROUPS } from "./channel_cases.ts";
import { ChannelPair, deletePrograms } from "./channel_pair.ts";
import { findCommit } from "./commit.ts";

const ROUNDS = 41;
const OPTIONAL = "boost_queue.cpp";

/** What all rounds of a case have shown, in nanoseconds. */
interface Figures {
  readonly median: number;
  readonly late: number;
  readonly most: number;
  readonly best: number;
  /** How many ends of a hundred were found asleep. */
  readonly asleep: number;
}

/** The other checkout that this one is compared to, if there is one. */
const beside = Deno.args[0] === "--beside" ? pathToFileURL(`${Deno.args[1]}/`) : undefined;
/** The runs of each of the library's cases, by what follows the case's name, with their checkouts. */
const RUNS: Readonly<Record<string, { checkout?: URL }>> = beside === undefined
  ? { "": {} }
  : { "": {}, " again": {}, " beside": { checkout: beside } };

console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
if (beside !== undefined) console.log(`beside ${await findCommit(beside)}`);
try {
  for (const group of GROUPS) await report(group);
} finally {
  await deletePrograms();
}

async function report(group: Group): Promise<void> {
  console.log(`\n${group.name}`);
  console.log("      median       99 %        most       best   of C");
  const figures = await measure(group);
  const compared = (name: string) => figures[name]!.median;
  const [inC] = Object.keys(group.cases);
  for (const [name, { atMost = {} }] of Object.entries(group.cases)) {
    const found = figures[name];
    if (found === undefined) {
      console.log(`${" ".repeat(56)}${name}: not here`);
      continue;
    }
    const ratio = (other: string) =>
      group.isRate ? compared(other) / compared(name) : compared(name) / compared(other);
    const bounds = Object.entries(atMost).map(([other, most]) => {
      if (figures[other] === undefined) return `${other} is not here`;
      const isMet = compared(name) <= most * compared(other);
      const bound = group.isRate ? `at least ${(1 / most).toFixed(2)}` : `at most ${most}`;
      return `${ratio(other).toFixed(2)} of ${other}, ${isMet ? "met" : "OVER"}: ${bound}`;
    });
    const times = [found.median, found.late, found.most, found.best].map(inUnits).join(" ");
    const asleep = group.processors === 1 ? `, ${found.asleep.toFixed(0)} % asleep` : "";
    console.log(`${times}  ${ratio(inC!).toFixed(2).padStart(5)}   ${name}${asleep}`);
    for (const bound of bounds) console.log(`${" ".repeat(56)}  ${bound}`);
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
    const runs = program === "ring_end.ts" ? RUNS : { "": {} };
    try {
      for (const [run, options] of Object.entries(runs)) {
        const pair = await ChannelPair.start(program, { ...task, ...options, way });
        pairs.set(`${name}${run}`, stack.use(pair));
      }
    } catch (error) {
      if (program !== OPTIONAL) throw error;
    }
  }
  const samples = new Map<string, number[]>();
  const slept = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    const inOrder = [...pairs];
    for (const [name, pair] of round % 2 === 0 ? inOrder : inOrder.reverse()) {
      const measured = await pair.run(count);
      // The first one only warms up.
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
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]!;
  return { median: at(0.5), late: at(0.99), most: at(1), best: at(0), asleep: 100 * asleep };
}

function inUnits(nanoseconds: number): string {
  const text = nanoseconds < 10_000
    ? `${nanoseconds.toFixed(1)} ns`
    : `${(nanoseconds / 1000).toFixed(1)} µs`;
  return text.padStart(11);
}

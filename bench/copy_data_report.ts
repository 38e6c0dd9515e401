/**
 * Compares round trips of WM_COPYDATA with C: a C sender and a C receiver, compiled in this run,
 * and the library's sends to its listener.
 *
 *     deno task report:copy-data [--beside FOLDER] [--launches COUNT] [SIZE...]
 *
 * With `--beside` it also runs the library of another checkout. With sizes, it measures only the
 * sizes whose names contain one of them.
 *
 * The ratio to C differs from launch to launch, because the system places new processes in other
 * ways. So the report launches all processes several times. In each launch the rounds are
 * interleaved, in alternating order. Limits are set to the median of the launches' ratios, and to
 * the ratio that 90 % of the launches keep below. The exit code is 1 if a limit is missed or the C
 * pair cannot run.
 *
 * All processes share one processor. Otherwise the ratios would depend on where the system puts
 * them: to wake a process on another processor takes as long as the message.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { pathToFileURL } from "node:url";
import { findCommit } from "./commit.ts";
import { CPrograms, Launch, type Way } from "./copy_data_launch.ts";
import { useProcessors } from "./peers/this_process.ts";
import { checkLimit, quantile } from "./report_group.ts";

const FIRST_PROCESSOR = 1n;
/** The message sizes, and the number of messages of each size in a round. */
const SIZES = [
  { name: "5 B", byteLength: 5, times: 50 },
  { name: "1 KiB", byteLength: 1024, times: 50 },
  { name: "64 KiB", byteLength: 65_536, times: 40 },
  // The maximum that a listener accepts on Wine.
  { name: "768 KiB", byteLength: 786_432, times: 10 },
];
const ROUNDS = 6;
/** The number of messages by which each way warms up: V8 compiles functions that run often. */
const WARM_UP = 500;
const IN_C = "C to C";

/** A compared way, and its limits as multiples of the C pair's time. */
interface Case extends Way {
  /** Limit of the median of all launches. */
  readonly median?: number;
  /** Limit that 90 % of the launches must keep. */
  readonly most?: number;
}

const options = parseArgs(Deno.args, {
  string: ["beside", "launches"],
  default: { launches: "11" },
});
const beside = options.beside === undefined ? undefined : pathToFileURL(`${options.beside}/`);
const sizes = SIZES.filter(({ name }) =>
  options._.length === 0 || options._.some((word) => name.includes(`${word}`))
);
const ways: Record<string, Case> = {
  [IN_C]: { send: "C", to: "C" },
  "sendCopyDataSync() to a listener": { send: "sendCopyDataSync", to: "busy", median: 1.2 },
  "sendCopyData() to a listener": { send: "sendCopyData", to: "busy", median: 1.2, most: 1.6 },
  ...beside !== undefined && {
    "sendCopyData() to a listener, beside": { send: "sendCopyData", to: "busy", checkout: beside },
  },
  "sendCopyDataSync() to a listener that reads each message at once": {
    send: "sendCopyDataSync",
    to: "eager",
  },
};

console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
if (beside !== undefined) console.log(`beside ${await findCommit(beside)}`);
useProcessors(FIRST_PROCESSOR);
/** The median time of each launch, by size and way. */
const launches = new Map<string, number[]>();
await using programs = await CPrograms.compile();
for (let count = Number(options.launches); count > 0; count--) await measure();
for (const { name } of sizes) report(name);

/** Launches all processes once, and measures all ways. */
async function measure(): Promise<void> {
  await using launch = new Launch(programs);
  for (const way of Object.values(ways)) await launch.run(way, SIZES[0]!.byteLength, WARM_UP);
  for (const { name, byteLength, times } of sizes) {
    const samples = new Map<string, number[]>();
    for (let round = 0; round <= ROUNDS; round++) {
      const inOrder = Object.entries(ways);
      for (const [way, how] of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
        const taken = await launch.run(how, byteLength, times);
        // The first round only warms up.
        samples.set(way, round === 0 ? [] : [...samples.get(way)!, ...taken]);
      }
    }
    for (const [way, taken] of samples) {
      const key = keyOf(name, way);
      launches.set(key, [...launches.get(key) ?? [], quantile(taken, 0.5)]);
    }
  }
}

/** Prints the times of a size, and checks the limits. */
function report(size: string): void {
  const inC = launches.get(keyOf(size, IN_C))!;
  console.log(`\n${size}, there and back, ${inC.length} launches`);
  console.log("      median   of C   90 % of launches");
  for (const [way, { median, most }] of Object.entries(ways)) {
    const times = launches.get(keyOf(size, way))!;
    const ratios = times.map((time, launch) => time / inC[launch]!);
    const [middle, late] = [quantile(ratios, 0.5), quantile(ratios, 0.9)];
    const time = `${(quantile(times, 0.5) / 1000).toFixed(1)} µs`.padStart(12);
    const figures = [middle, late].map((ratio) => ratio.toFixed(2).padStart(6)).join(" ");
    console.log(`${time} ${figures}   ${way}`);
    if (median !== undefined) {
      checkLimit(`${middle.toFixed(2)} of C`, middle <= median, { bound: `at most ${median}` });
    }
    if (most !== undefined) {
      const found = `${late.toFixed(2)} of C in 90 % of launches`;
      checkLimit(found, late < most, { bound: `less than ${most}` });
    }
  }
}

function keyOf(size: string, way: string): string {
  return `${size}, ${way}`;
}

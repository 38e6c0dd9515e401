/**
 * Writes the report of a comparison: `RESULTS.md`, and the plots beside it.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { describeFindings } from "./findings.ts";
import { list, paragraph, plain } from "./markdown.ts";
import { drawPlots, type Plots } from "./plots.ts";
import { EVERYONE } from "../plan.ts";
import type { Environment, Results } from "../results.ts";
import { type PairSummary, summarize } from "./summary.ts";
import { describeGrowth, describeMissingGrowth, writeGrowth } from "./growth_tables.ts";
import { writePaced, writeSetUp, writeStreams, writeTrips } from "./tables.ts";
import { formatLength } from "./units.ts";
import { BY, OFFERED, WAYS } from "../ways.ts";

/** The folder of the plots, in the folder of the report. */
const PLOTS = "results/";

/**
 * Writes `RESULTS.md` and `results/*.svg`. The same results give the same bytes.
 *
 * @param folder The path of the report's folder, or its URL with a slash at the end.
 */
export async function writeReport(results: Results, folder: URL | string): Promise<void> {
  const base = typeof folder === "string" ? pathToFileURL(`${folder}/`) : folder;
  const pairs = summarize(results);
  const plots = drawPlots(pairs, results.growth);
  await Deno.mkdir(new URL(PLOTS, base), { recursive: true });
  for (const { name, svg } of Object.values(plots).flat()) {
    await Deno.writeTextFile(new URL(PLOTS + name, base), svg);
  }
  await Deno.writeTextFile(new URL("RESULTS.md", base), writeText(results, pairs, plots));
}

function writeText(results: Results, pairs: readonly PairSummary[], plots: Plots): string {
  const show = (key: keyof Plots) =>
    plots[key].map(({ name, title }) => `![${title}](${PLOTS}${name})`);
  const growth = writeGrowth(results.growth);
  return [
    "# Which way is fastest",
    ...describeMethod(results),
    "## What this shows",
    describeFindings(pairs),
    ...show("overview"),
    "## Round trips",
    paragraph(`A message goes to the other end, and the same message comes back. Each trip is timed
      alone. The percentiles are of all trips of all launches. The column "× C" has the median as a
      multiple of the median of the same way in C.`),
    paragraph(`The clock has steps of about 100 ns, which the shortest trips are rounded to. An end
      that spins uses a whole processor. A RingChannel or BroadcastRing that blocks spins for some
      microseconds, and then sleeps. If the peer answers sooner, these do not sleep at all.`),
    ...show("latency"),
    writeTrips(pairs),
    "## One way",
    paragraph(`Messages go in one direction. The receiver times them from the first to the last. The
      rates are medians of the launches. The column "× C" has the rate as a multiple of the rate of
      the same way in C. C reads the messages of a ring in place, and scripts copy them, except from
      the ring that spins. The bands of the plot reach from p10 to p90 of the launches' rates. If there
      are fewer than ten launches, they reach from the least rate to the greatest.`),
    paragraph(`A LatestValue keeps only the newest message, so its rate is that of the messages that
      arrived.`),
    paragraph(`Some ways do not hold the sender back: the mailslot, BroadcastRing, Worker,
      BroadcastChannel, and WM_COPYDATA of scripts. There, the sender waits for a message from the
      receiver after each window of at most 256 messages or 4 MiB. The window of the BroadcastChannel
      is at most 64 messages or 256 KiB. So at 1 MiB, its rate is that of round trips.`),
    ...show("throughput"),
    writeStreams(pairs),
    "## Processor time at 1,000 messages a second",
    paragraph(`The processor time that each process used for one message: that of all launches,
      divided by their messages. Windows counts it in steps of about 15.6 ms, and Wine in steps of
      10 ms, so small differences mean nothing. A process that does nothing else than spin uses 1 ms
      of processor time for each message at this rate.`),
    paragraph(`The column "reached" has the rate in messages a second of each way that stayed below
      950. Its time for one message is then that of a slower sender. Workers share one process, so
      only the time of both ends is known.`),
    ...show("processor"),
    writePaced(pairs),
    "## Set-up",
    paragraph(
      `The time until both ends are open, without the start of their processes. It is a median
      of the launches. A child, a Worker and the Worker of a BroadcastChannel start while their way
      opens, so these ways are left out. A DLL section of winipc includes the time to build the DLL,
      which C has built before.`,
    ),
    writeSetUp(pairs) || paragraph("Not measured in this run."),
    "## How cost grows",
    ...(growth === "" ? [paragraph("Not measured in this run.")] : [
      paragraph(describeGrowth(results.growth)),
      ...show("growth"),
      growth,
    ]),
    "## Missing",
    describeMissing(results),
  ].join("\n\n") + "\n";
}

function describeMethod({ environment, launches, seed }: Results): string[] {
  return [
    paragraph(`Pairs of processes exchanged messages on ${plain(environment.system)}. The machine
      has ${
      describeMachine(environment)
    }. Of the ways between Workers, both ends are in one process.
      Each pair was launched ${count(launches, "time", "times")}, in an order that the seed ${seed}
      shuffled. In each launch, before the measurements, both ends checked every byte of other
      messages. During the measurements, they checked the number of each message. One fault would
      have voided this report. The date is ${environment.date}, and the commit is
      ${environment.commit}.`),
    ...(environment.isWine
      ? [paragraph(`This run was on Wine. There, Linux's scheduler and Wine's server decide how long
          a wait takes. So these figures are not those of Windows.`)]
      : []),
    paragraph("The versions:"),
    list(
      Object.entries(environment.versions).map(([name, version]) =>
        `${plain(name)}: ${plain(version)}`
      ),
    ),
    paragraph("To run the comparison again, on Windows or, with the second command, on Linux:"),
    "```sh\ndeno task compare\ntools/winedeno task compare\n```",
  ];
}

function describeMachine({ processor, processors, memory }: Environment): string {
  const size = formatLength(memory);
  return `${count(processors, "processor", "processors")} (${
    plain(processor)
  }) and ${size} of memory`;
}

function describeMissing({ runs, missing, growth }: Results): string {
  const failed = missing.map(({ by, way, why }) => `${WAYS[way]}, ${BY[by]}: ${plain(why)}`);
  const known = new Set([...runs, ...missing].map(({ by, way }) => `${by} ${way}`));
  const absent = EVERYONE.flatMap((by) =>
    OFFERED[by]
      .filter((way) => !known.has(`${by} ${way}`))
      .map((way) => `${WAYS[way]}, ${BY[by]}: not part of this run`)
  );
  const items = [...failed, ...absent, ...describeMissingGrowth(growth)];
  return items.length > 0 ? list(items) : paragraph("Nothing is missing.");
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/**
 * Describes the findings, which are computed from the results.
 *
 * @module
 */

import { list, paragraph, table } from "./markdown.ts";
import type { PairSummary } from "./summary.ts";
import { formatLength, formatRatio, formatTime } from "./units.ts";
import { BLOCKING_SHARED_MEMORY, SHARED_MEMORY } from "./way_sets.ts";
import { BY, type By, IN_PROCESS, type WayName, WAYS } from "../ways.ts";

/** The programs that are scripts in Deno. */
const IN_DENO: ReadonlySet<By> = new Set(["winipc", "deno", "node-net"]);

interface Fastest {
  readonly pair: PairSummary;
  readonly median: number;
}

/** The fastest ways at one length, through shared memory and without. */
interface Comparison {
  readonly length: number;
  readonly shared: Fastest;
  readonly other: Fastest;
  /** The median without shared memory, as a multiple of that through shared memory. */
  readonly ratio: number;
}

/** Ratio up to which two medians count as equal, because medians are exact to about 2 percent. */
const TIE = 1.02;

/** Names the fastest ways between processes, and compares winipc with C. */
export function describeFindings(pairs: readonly PairSummary[]): string {
  const scripts = pairs.filter(({ by }) => IN_DENO.has(by));
  const parts = [
    describeFastest(pairs, "The fastest ways between processes, of all programs:"),
    describeFastest(scripts, "The fastest ways for a script in Deno:"),
    describeDistanceToC(pairs),
  ].filter((part) => part !== undefined);
  return parts.length > 0
    ? parts.join("\n\n")
    : paragraph("This run has too few ways for a comparison.");
}

function describeFastest(pairs: readonly PairSummary[], title: string): string | undefined {
  const all = compare(pairs, SHARED_MEMORY);
  if (all.length === 0) return;
  const blocking = compare(pairs, BLOCKING_SHARED_MEMORY);
  const isBlocking = all.every(({ shared }) => BLOCKING_SHARED_MEMORY.has(shared.pair.way));
  return [
    paragraph(title),
    tableOf(all),
    paragraph(describeComparisons(all)),
    ...(isBlocking || blocking.length === 0 ? [] : [
      paragraph(`The same, with shared memory whose ends sleep if no message comes for some
        microseconds. An end that spins uses a whole processor instead. The ends of the ways without
        shared memory sleep at once:`),
      tableOf(blocking),
      paragraph(describeComparisons(blocking)),
    ]),
  ].join("\n\n");
}

/** Compares the fastest of some ways through shared memory with the fastest way without. */
function compare(pairs: readonly PairSummary[], ways: ReadonlySet<WayName>): Comparison[] {
  const shared = pairs.filter(({ way }) => ways.has(way));
  const other = pairs.filter(({ way }) => !SHARED_MEMORY.has(way) && !IN_PROCESS.has(way));
  return lengthsOf(pairs).flatMap((length): Comparison[] => {
    const [one, two] = [fastest(shared, length), fastest(other, length)];
    return one && two ? [{ length, shared: one, other: two, ratio: two.median / one.median }] : [];
  });
}

function tableOf(comparisons: readonly Comparison[]): string {
  return table(
    [
      { title: "length", isNumeric: true },
      { title: "through shared memory" },
      { title: "median", isNumeric: true },
      { title: "without shared memory" },
      { title: "median", isNumeric: true },
      { title: "ratio", isNumeric: true },
    ],
    comparisons.map(({ length, shared, other, ratio }) => [
      formatLength(length),
      nameOf(shared.pair),
      formatTime(shared.median),
      nameOf(other.pair),
      formatTime(other.median),
      formatRatio(ratio),
    ]),
  );
}

function describeComparisons(comparisons: readonly Comparison[]): string {
  const won = comparisons.filter(({ ratio }) => ratio > TIE);
  const lost = comparisons.filter(({ ratio }) => ratio < 1 / TIE);
  const tied = comparisons.filter((one) => !won.includes(one) && !lost.includes(one));
  const other = "the fastest way without shared memory";
  const ratios = comparisons
    .filter((one) => !tied.includes(one))
    .map(({ length, ratio }) => `${formatRatio(ratio)} times as long at ${formatLength(length)}`);
  return [
    ...(won.length > 0 ? [`At ${lengths(won)}, the way through shared memory is faster.`] : []),
    ...(lost.length > 0 ? [`At ${lengths(lost)}, ${other} is faster.`] : []),
    ...(tied.length > 0
      ? [`At ${lengths(tied)}, ${other} takes as long as the way through shared memory.`]
      : []),
    ...(ratios.length > 0
      ? [
        `A round trip by ${other} takes ${
          join(ratios)
        }, compared with the way through shared memory.`,
      ]
      : []),
  ].join(" ");
}

function describeDistanceToC(pairs: readonly PairSummary[]): string | undefined {
  const items = lengthsOf(pairs).flatMap((length) => {
    const ratios = pairs
      .filter(({ by }) => by === "winipc")
      .flatMap((pair) => {
        const ratio = ratioToC(pairs, pair, length);
        return ratio === undefined ? [] : [{ way: WAYS[pair.way], ratio }];
      })
      .sort((a, b) => a.ratio - b.ratio);
    const [least, most] = [ratios.at(0), ratios.at(-1)];
    return least === undefined || most === undefined ? [] : [
      `${formatLength(length)}: ${formatRatio(least.ratio)} (${least.way}) to ` +
      `${formatRatio(most.ratio)} (${most.way})`,
    ];
  });
  if (items.length === 0) return;
  return [
    paragraph("winipc's median round trip, as a multiple of the same way in C:"),
    list(items),
  ].join("\n\n");
}

/** Returns the median round trip of a pair as a multiple of that of the same way in C. */
export function ratioToC(
  pairs: readonly PairSummary[],
  pair: PairSummary,
  length: number,
): number | undefined {
  const c = pairs.find(({ by, way }) => by === "c" && way === pair.way);
  const ours = medianOf(pair, length);
  const theirs = c && medianOf(c, length);
  return ours !== undefined && theirs !== undefined ? ours / theirs : undefined;
}

/** Returns all lengths of frames, the shortest first. */
export function lengthsOf(pairs: readonly PairSummary[]): number[] {
  const lengths = new Set(pairs.flatMap(({ sizes }) => sizes.map(({ length }) => length)));
  return [...lengths].sort((a, b) => a - b);
}

/** Names a pair, as in `TCP over loopback, C`. */
function nameOf({ by, way }: PairSummary): string {
  return `${WAYS[way]}, ${BY[by]}`;
}

function fastest(pairs: readonly PairSummary[], length: number): Fastest | undefined {
  return pairs
    .flatMap((pair) => {
      const median = medianOf(pair, length);
      return median === undefined ? [] : [{ pair, median }];
    })
    .sort((a, b) => a.median - b.median)[0];
}

function medianOf(pair: PairSummary, length: number): number | undefined {
  return pair.sizes.find((size) => size.length === length)?.trips?.median;
}

function lengths(comparisons: readonly Comparison[]): string {
  return join(comparisons.map(({ length }) => formatLength(length)));
}

function join(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

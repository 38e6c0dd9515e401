/**
 * Says what the results show, computed from them.
 *
 * @module
 */

import { list, paragraph, table } from "./markdown.ts";
import type { PairSummary } from "./summary.ts";
import { formatLength, formatRatio, formatTime } from "./units.ts";
import { IN_PROCESS, SHARED_MEMORY } from "./way_sets.ts";
import { BY, type By, WAYS } from "../ways.ts";

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
}

/** Says which way between processes is fastest, and how far winipc is from C. */
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
  const between = pairs.filter(({ way }) => !IN_PROCESS.has(way));
  const comparisons = lengthsOf(between).flatMap((length): Comparison[] => {
    const shared = fastest(between.filter(({ way }) => SHARED_MEMORY.has(way)), length);
    const other = fastest(between.filter(({ way }) => !SHARED_MEMORY.has(way)), length);
    return shared && other ? [{ length, shared, other }] : [];
  });
  if (comparisons.length === 0) return;
  return [
    paragraph(title),
    table(
      [
        { title: "length", isNumeric: true },
        { title: "through shared memory" },
        { title: "median", isNumeric: true },
        { title: "without shared memory" },
        { title: "median", isNumeric: true },
        { title: "ratio", isNumeric: true },
      ],
      comparisons.map(({ length, shared, other }) => [
        formatLength(length),
        nameOf(shared.pair),
        formatTime(shared.median),
        nameOf(other.pair),
        formatTime(other.median),
        formatRatio(other.median / shared.median),
      ]),
    ),
    paragraph(describeComparisons(comparisons)),
  ].join("\n\n");
}

function describeComparisons(comparisons: readonly Comparison[]): string {
  const isWon = ({ shared, other }: Comparison) => shared.median < other.median;
  const won = comparisons.filter(isWon);
  const lost = comparisons.filter((comparison) => !isWon(comparison));
  const sentences = [
    ...(won.length > 0 ? [`At ${lengths(won)}, the fastest way goes through shared memory.`] : []),
    ...(lost.length > 0
      ? [`At ${lengths(lost)}, the fastest way does not go through shared memory.`]
      : []),
  ];
  const ratios = comparisons.map(({ length, shared, other }) =>
    `${formatRatio(other.median / shared.median)} times as long at ${formatLength(length)}`
  );
  sentences.push(`A round trip by the fastest other way takes ${join(ratios)}.`);
  return sentences.join(" ");
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
export function nameOf({ by, way }: PairSummary): string {
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

/**
 * Makes results of a comparison with realistic numbers.
 *
 * @module
 */

import type { GrowthSeries, Histogram, Results, SizeRun } from "../../../bench/compare/results.ts";
import { type By, LENGTHS, OFFERED, type WayName } from "../../../bench/compare/ways.ts";

const LAUNCHES = 5;
const MISSING: readonly `${By} ${WayName}`[] = ["bun events", "boost spsc-queue"];
/** The lengths that all programs measure. */
const COMMON_LENGTHS: readonly number[] = [64, 65_536];

/** Nanoseconds of a round trip in C without data, and bytes a nanosecond. */
const COSTS: Readonly<Record<WayName, readonly [trip: number, rate: number]>> = {
  "ring-spin": [420, 9],
  "ring-sleep": [68_000, 8.5],
  "ring-await": [190_000, 8],
  "ring-pipe": [72_000, 8.2],
  "rpc": [210_000, 2],
  "capnweb": [420_000, 0.3],
  "broadcast": [560, 6],
  "latest": [510, 7],
  "events": [81_000, 7.5],
  "copy-data": [95_000, 1.9],
  "section": [380, 9.5],
  "file": [390, 9.4],
  "pipe-bytes": [142_000, 1.4],
  "pipe-messages": [149_000, 1.3],
  "mailslot": [181_000, 0.8],
  "tcp": [61_000, 2.2],
  "stdio": [156_000, 1.2],
  "worker": [88_000, 3.1],
  "broadcast-channel": [131_000, 1.1],
  "message-queue": [102_000, 3.3],
  "spsc-queue": [310, 8],
};

/** The time of each program as a multiple of C's. */
const FACTORS: Readonly<Record<By, number>> = {
  "winipc": 1.24,
  "c": 1,
  "boost": 1.1,
  "deno": 1.7,
  "node-net": 2.6,
  "node": 1.9,
  "bun": 1.6,
};

/** Makes results of all ways, which are the same each time. */
export function makeResults(): Results {
  const pairs = pairsOf();
  return {
    format: 1,
    environment: {
      date: "2026-11-30",
      commit: "0123456789abcdef0123456789abcdef01234567",
      processor: "AMD EPYC 7B13",
      processors: 2,
      memory: 8 * 2 ** 30,
      system: "Wine 10.0 on Linux 6.18",
      isWine: true,
      versions: { Deno: "2.9.5", V8: "15.0.245.2", "C compiler": "gcc 14.2", "Node.js": "24.1.0" },
    },
    seed: 4711,
    launches: LAUNCHES,
    runs: Array.from({ length: LAUNCHES }, (_, launch) =>
      pairs.map(({ by, way }) => ({
        by,
        way,
        launch,
        setUp: (1e6 + (COSTS[way][0]) * 8) * FACTORS[by] * wobble(launch),
        sizes: lengthsOf(by).map((length) => makeSize(by, way, length, launch)),
      }))).flat(),
    missing: [
      { by: "bun", way: "events", why: "Bun 1.3 ended with code 3: <no FFI> on Wine" },
      { by: "boost", way: "spsc-queue", why: "boost/lockfree was not found" },
    ],
    growth: makeGrowth(),
  };
}

/** Makes results of one pair, one launch and one length, without processor times and growth. */
export function makeFewResults(): Results {
  const results = makeResults();
  const run = results.runs.find(({ by, way }) => by === "winipc" && way === "pipe-bytes");
  const [first] = run?.sizes ?? [];
  if (run === undefined || first === undefined) throw new Error("The results have no pipe");
  const { length, trips, stream } = first;
  const runs = [{ ...run, sizes: [{ length, trips, stream }] }];
  const environment = { ...results.environment, isWine: false };
  return { ...results, environment, launches: 1, runs, missing: [], growth: [] };
}

function pairsOf(): { by: By; way: WayName }[] {
  const bys: readonly By[] = ["winipc", "deno", "c", "boost", "node-net", "node", "bun"];
  return bys
    .flatMap((by) => OFFERED[by].map((way) => ({ by, way })))
    .filter(({ by, way }) => !MISSING.includes(`${by} ${way}`));
}

function lengthsOf(by: By): readonly number[] {
  return by === "winipc" || by === "c" || by === "deno" ? LENGTHS : COMMON_LENGTHS;
}

function makeSize(by: By, way: WayName, length: number, launch: number): SizeRun {
  const [trip, rate] = COSTS[way];
  const factor = FACTORS[by] * wobble(launch + way.length);
  const time = trip * factor + 2 * length / rate;
  const frame = (trip > 1000 ? trip / 4 : trip / 20) * factor + length / rate;
  const isSpinning = trip < 1000;
  const isInProcess = way === "worker" || way === "broadcast-channel";
  return {
    length,
    trips: makeHistogram(time),
    stream: { frames: 1000, nanoseconds: 999 * frame },
    ...(length === 64 && {
      paced: {
        frames: 500,
        nanoseconds: 5e8,
        nearProcessor: 500 * (4000 + trip * 0.1 * factor),
        farProcessor: isInProcess ? 0 : 500 * (isSpinning ? 985_000 : 3000 + trip * 0.2 * factor),
      },
    }),
  };
}

/** Makes a histogram with a long tail. */
function makeHistogram(median: number): Histogram {
  const middle = Math.round(32 * Math.log2(median));
  const counts = [2, 9, 40, 160, 420, 700, 520, 260, 120, 70, 40, 22, 14, 9, 6, 4, 3, 2, 1, 1];
  return counts.map((count, at) => [middle + (at - 5) * (at > 8 ? 6 : 3), count] as const);
}

function makeGrowth(): GrowthSeries[] {
  const bytes = Array.from({ length: 12 }, (_, at) => 2 ** (4 + 2 * at));
  const peers = [1, 2, 4, 8, 16, 32, 64];
  const open = [1, 10, 100, 1000];
  const mapped = Array.from({ length: 9 }, (_, at) => 2 ** (17 + 2 * at));
  const make = (
    of: string,
    name: string,
    unit: string,
    numbers: readonly number[],
    y: (x: number) => number,
  ): GrowthSeries => ({
    of,
    name,
    unit,
    points: numbers.map((x) => ({ x, y: [0, 1, 2].map((launch) => y(x) * wobble(launch)) })),
  });
  const rate = (start: number, most: number) => (x: number) => x * 1e9 / (start + x / most);
  return [
    make("bytes of a message", "RingChannel", "bytes a second", bytes, rate(22, 8.6)),
    make("bytes of a message", "C ring", "bytes a second", bytes, rate(18, 9)),
    make("bytes of a message", "named pipe", "bytes a second", bytes, rate(40_000, 1.3)),
    make("bytes of a message", "Uint8Array.set", "bytes a second", bytes, rate(20, 11)),
    make("bytes of a message", "memcpy", "bytes a second", bytes, rate(12, 11.5)),
    make("producers", "RingChannel", "frames a second", peers, (x) => 9e6 / (1 + x / 9)),
    make("producers", "named pipe", "frames a second", peers, (x) => 3e4 / (1 + x / 30)),
    make("receivers", "BroadcastRing, all receive all", "frames a second", peers, (x) => 2e7 / x),
    make("receivers", "BroadcastRing, nobody waits", "frames a second", peers, (x) => 3e7 / x),
    make("receivers", "BroadcastRing, nobody waits: received", "percent", peers, (x) => 90 / x),
    make("open channels", "RingChannel", "nanoseconds", open, (x) => 9e5 + x * 90),
    make("open events", "SharedEvent", "nanoseconds", open, (x) => 7e4 + x * 20),
    make("open pipes", "named pipe", "nanoseconds", open, (x) => 1.4e5 + x * 150),
    make("bytes of a mapping", "SharedMemory", "nanoseconds", mapped, (x) => 8e4 + x / 3000),
    make(
      "bytes of a mapping",
      "SharedMemory, reserved",
      "nanoseconds",
      mapped,
      (x) => 7e4 + x / 9e3,
    ),
  ];
}

/** Returns a factor near 1 that differs from launch to launch. */
function wobble(launch: number): number {
  return 1 + 0.06 * Math.sin(launch * 2.4);
}

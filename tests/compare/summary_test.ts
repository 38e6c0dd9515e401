import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { median } from "../../bench/compare/median.ts";
import { percentile, pool, summarize } from "../../bench/compare/report/summary.ts";
import type { Histogram, Run } from "../../bench/compare/results.ts";
import { makeResults } from "./support/make_results.ts";

/** A hundred times: 2 ** (bucket / 32) nanoseconds, of each bucket from 1 to 100. */
const HUNDRED: Histogram = Array.from({ length: 100 }, (_, at) => [at + 1, 1] as const);

Deno.test("percentile() returns the shortest time that the fraction does not exceed", () => {
  assertEquals(percentile(HUNDRED, 0.1), 2 ** (10 / 32));
  assertEquals(percentile(HUNDRED, 0.5), 2 ** (50 / 32));
  assertEquals(percentile(HUNDRED, 0.99), 2 ** (99 / 32));
  assertEquals(percentile(HUNDRED, 1), 2 ** (100 / 32));
});

Deno.test("percentile() weighs each bucket by its count", () => {
  const histogram: Histogram = [[320, 9], [352, 90], [640, 1]];
  assertEquals(percentile(histogram, 0.09), 2 ** 10);
  assertEquals(percentile(histogram, 0.1), 2 ** 11);
  assertEquals(percentile(histogram, 0.99), 2 ** 11);
  assertEquals(percentile(histogram, 0.995), 2 ** 20);
});

Deno.test("percentile() of one time is that time", () => {
  for (const fraction of [0.1, 0.5, 0.99]) assertEquals(percentile([[64, 1]], fraction), 4);
});

Deno.test("percentile() of no times throws", () => {
  assertThrows(() => percentile([], 0.5), RangeError);
});

Deno.test("pool() adds up counts, the shortest time first", () => {
  assertEquals(pool([[[9, 2], [5, 1]], [[5, 3], [100, 1], [7, 0]]]), [[5, 4], [9, 2], [100, 1]]);
  assertEquals(pool([]), []);
});

Deno.test("median() is the middle value, or the mean of the middle two", () => {
  assertEquals(median([10, 2, 9]), 9);
  assertEquals(median([10, 2, 9, 4]), 6.5);
  assertThrows(() => median([]), RangeError);
});

Deno.test("summarize() pools the trips of all launches", () => {
  const [pair] = summarize(resultsOf([
    makeRun(0, { trips: [[32, 90]] }),
    makeRun(1, { trips: [[64, 10]] }),
  ]));
  assertEquals(pair?.sizes[0]?.trips, { p10: 2, median: 2, p90: 2, p99: 4 });
});

Deno.test("summarize() takes medians of rates and set-up, and sums of processor times", () => {
  const [pair, ...others] = summarize(resultsOf([
    makeRun(0, { setUp: 5, stream: [11, 1000], paced: [100, 300] }),
    makeRun(1, { setUp: 1, stream: [11, 5000], paced: [500, 100] }),
    makeRun(2, { setUp: 3, stream: [11, 2000], paced: [300, 900] }),
  ]));
  assertEquals(others, []);
  assertEquals(pair?.setUp, 3);
  const [size] = pair?.sizes ?? [];
  // Between the first and the last of 11 frames are 10 intervals.
  assertAlmostEquals(size?.stream?.framesPerSecond ?? 0, 5e6);
  assertAlmostEquals(size?.stream?.bytesPerSecond ?? 0, 320e6);
  assertAlmostEquals(size?.stream?.spread?.p10 ?? 0, 128e6);
  assertAlmostEquals(size?.stream?.spread?.p90 ?? 0, 640e6);
  const { ends, both, framesPerSecond } = size?.paced ?? {};
  assertAlmostEquals(ends?.near ?? 0, 30);
  assertAlmostEquals(ends?.far ?? 0, 1300 / 30);
  assertAlmostEquals(both ?? 0, 2200 / 30);
  assertAlmostEquals(framesPerSecond ?? 0, 1000);
});

Deno.test("summarize() returns p10 and p90 of the rates of many launches", () => {
  // The rates are 1 to 20 frames a nanosecond.
  const launches = Array.from({ length: 20 }, (_, at) => makeRun(at, { stream: [at + 2, 1] }));
  const [pair] = summarize(resultsOf(launches));
  const { p10 = 0, p90 = 0 } = pair?.sizes[0]?.stream?.spread ?? {};
  assertAlmostEquals(p10, 2 * 64e9);
  assertAlmostEquals(p90, 18 * 64e9);
});

Deno.test("summarize() returns no spread of the rates of one launch", () => {
  const [pair] = summarize(resultsOf([makeRun(0, {})]));
  assertEquals(Object.keys(pair?.sizes[0]?.stream ?? {}), ["framesPerSecond", "bytesPerSecond"]);
});

Deno.test("summarize() weighs processor times by the frames of their launches", () => {
  const [first, second] = [makeRun(0, { paced: [0, 0] }), makeRun(1, { paced: [300, 0] })];
  const longer = second.sizes.map((size) => ({
    ...size,
    paced: { frames: 20, nanoseconds: 1e8, nearProcessor: 300, farProcessor: 0 },
  }));
  const [pair] = summarize(resultsOf([first, { ...second, sizes: longer }]));
  assertEquals(pair?.sizes[0]?.paced?.ends, { near: 10, far: 0 });
  assertAlmostEquals(pair?.sizes[0]?.paced?.framesPerSecond ?? 0, 30 / 0.11);
});

Deno.test("summarize() tells no times of ends that are in one process", () => {
  for (const way of ["worker", "broadcast-channel"] as const) {
    const [pair] = summarize(resultsOf([{ ...makeRun(0, { paced: [700, 0] }), by: "deno", way }]));
    const { framesPerSecond, ...times } = pair?.sizes[0]?.paced ?? {};
    assertEquals(times, { both: 70 });
    assertAlmostEquals(framesPerSecond ?? 0, 1000);
  }
});

Deno.test("summarize() leaves out what was not measured", () => {
  const [pair] = summarize(resultsOf([makeRun(0, { trips: [] })]));
  assertEquals(Object.keys(pair?.sizes[0] ?? {}), ["length", "stream"]);
});

function resultsOf(runs: readonly Run[]) {
  return { ...makeResults(), runs };
}

interface Measured {
  readonly setUp?: number;
  readonly trips?: Histogram;
  readonly stream?: readonly [frames: number, nanoseconds: number];
  /** Processor times of ten frames. */
  readonly paced?: readonly [near: number, far: number];
}

function makeRun(launch: number, measured: Measured): Run {
  const { setUp = 1, trips = [[32, 1]], stream: [frames, nanoseconds] = [2, 10], paced } = measured;
  return {
    by: "c",
    way: "tcp",
    launch,
    setUp,
    sizes: [{
      length: 64,
      trips,
      stream: { frames, nanoseconds },
      ...(paced && {
        paced: { frames: 10, nanoseconds: 1e7, nearProcessor: paced[0], farProcessor: paced[1] },
      }),
    }],
  };
}

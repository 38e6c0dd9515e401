// Task: test:compare Its processes take half a minute.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { measureGrowth } from "../../bench/compare/growth.ts";
import { mappings } from "../../bench/compare/growth/mappings.ts";
import { peerUrl } from "../support/peer_url.ts";

/** The series by the things that grow: their names and the numbers of the short measurement. */
const SERIES: Readonly<Record<string, { numbers: readonly number[]; names: readonly string[] }>> = {
  "bytes of a message": {
    numbers: [2 ** 10, 2 ** 16],
    names: ["RingChannel", "C ring", "named pipe", "Uint8Array.set", "memcpy"],
  },
  "producers": { numbers: [1, 4], names: ["RingChannel"] },
  "receivers": {
    numbers: [1, 4],
    names: [
      "BroadcastRing, all receive all",
      "BroadcastRing, nobody waits",
      "BroadcastRing, nobody waits: received",
    ],
  },
  "open channels": { numbers: [1, 100], names: namesOf("RingChannel") },
  "open events": { numbers: [1, 100], names: namesOf("SharedEvent").slice(0, 2) },
  "open pipes": { numbers: [1, 100], names: namesOf("named pipe") },
  "bytes of a mapping": {
    numbers: [2 ** 20, 2 ** 26],
    names: ["SharedMemory", "SharedMemory, reserved"],
  },
};

/** Values that are too large for any machine, by units. */
const TOO_LARGE: Readonly<Record<string, number>> = {
  "frames a second": 1e9,
  "bytes a second": 1e12,
  "nanoseconds": 20e9,
  "percent": 100.1,
  "bytes": 2 ** 24,
};

function namesOf(name: string): string[] {
  return [`${name}: to open both ends`, `${name}: round trip`, `${name}: memory of both ends`];
}

Deno.test("measureGrowth() returns all series with plausible values", async () => {
  const reports: string[] = [];
  const all = await measureGrowth({
    launches: 1,
    isSmoke: true,
    report: (text) => reports.push(text),
  });
  assertEquals(reports, Object.keys(SERIES).map((of) => `growth 1/1: ${of}`));
  for (const [of, { numbers, names }] of Object.entries(SERIES)) {
    const series = all.filter((series) => series.of === of);
    assertEquals(series.map(({ name }) => name), names);
    for (const { name, unit, points } of series) {
      const what = `${of}, ${name}: ${JSON.stringify(points)}`;
      // A single object's memory is less than the garbage, and is not measured.
      const xs = unit === "bytes" ? numbers.slice(1) : numbers;
      assertEquals(points.map(({ x }) => x), xs, what);
      for (const { y } of points) {
        assertEquals(y.length, 1, what);
        // While the objects are opened, garbage can be collected that is larger than they are.
        const value = unit === "bytes" ? Math.abs(y[0]!) : y[0]!;
        assert(value > 0 && value < TOO_LARGE[unit]!, what);
      }
    }
  }
});

Deno.test("measureGrowth() rejects if a producer sends a damaged frame", async () => {
  await assertRejects(
    () =>
      measureGrowth({
        launches: 1,
        isSmoke: true,
        only: ["producers"],
        producer: peerUrl("compare/peers/damaging_producer.ts"),
      }),
    Error,
    "Expected frame 100 of producer 0, got a damaged or another frame",
  );
});

Deno.test("measureGrowth() makes at least one launch, and no launch after the time limit", async () => {
  const [series] = await measureGrowth({
    launches: 3,
    maxSeconds: 0,
    isSmoke: true,
    only: ["bytes of a mapping"],
  });
  assertEquals(series!.points.map(({ y }) => y.length), [1, 1]);
});

Deno.test("measureGrowth() ends its processes if its signal is aborted", async () => {
  const abort = new AbortController();
  const begun = performance.now();
  const measured = measureGrowth({
    launches: 1,
    only: ["open pipes"],
    signal: abort.signal,
  });
  const timer = setTimeout(() => abort.abort(), 4000);
  await assertRejects(() => measured, DOMException, "aborted");
  clearTimeout(timer);
  assert(performance.now() - begun < 10_000);
});

Deno.test("the growth of mappings leaves out lengths for which there is no memory", async () => {
  const values = await Array.fromAsync(mappings.launch([2 ** 20, 2 ** 50]));
  const why = "the system has too little memory";
  assertEquals(values.map((value) => "why" in value ? value.why : value.x), [
    2 ** 20,
    2 ** 20,
    why,
    why,
  ]);
});

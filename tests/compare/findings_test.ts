import { assert, assertStringIncludes } from "@std/assert";
import { describeFindings } from "../../bench/compare/report/findings.ts";
import { summarize } from "../../bench/compare/report/summary.ts";
import { type WayName, WAYS } from "../../bench/compare/ways.ts";
import { makeResults } from "./support/make_results.ts";

Deno.test("describeFindings() says that shared memory is faster, if it is", () => {
  const text = findingsOf({ "section": 320, "tcp": 640 });
  assertStringIncludes(text, "At 64 B, the way through shared memory is faster.");
  assertStringIncludes(text, "by the fastest way without shared memory takes 1020 times as long");
  assert(!text.includes("without shared memory is faster"));
});

Deno.test("describeFindings() says that shared memory is slower, if it is", () => {
  const text = findingsOf({ "events": 352, "tcp": 320 });
  assertStringIncludes(text, "At 64 B, the fastest way without shared memory is faster.");
  assertStringIncludes(
    text,
    "A round trip by the fastest way without shared memory takes 0.500 times as long at 64 B",
  );
  assert(!text.includes("through shared memory is faster"));
});

Deno.test("describeFindings() says that two ways take equally long", () => {
  const text = findingsOf({ "events": 320, "tcp": 320 });
  assertStringIncludes(
    text,
    "At 64 B, the fastest way without shared memory takes as long as the way through shared memory.",
  );
  for (const part of ["is faster", "times as long"]) assert(!text.includes(part), part);
});

Deno.test("describeFindings() also compares shared memory whose ends do not spin", () => {
  const both = findingsOf({ "section": 320, "ring-sleep": 352, "tcp": 384 });
  assertStringIncludes(both, `${WAYS.section}, C`);
  assertStringIncludes(both, "The same, with shared memory whose ends sleep");
  assertStringIncludes(both, `${WAYS["ring-sleep"]}, C`);
  assertStringIncludes(both, "takes 4.00 times as long");
  assertStringIncludes(both, "takes 2.00 times as long");
  const blocking = findingsOf({ "ring-sleep": 320, "tcp": 384 });
  assert(!blocking.includes("The same"));
});

/** Returns the findings about ways in C, each with round trips in one bucket. */
function findingsOf(buckets: Partial<Record<WayName, number>>): string {
  const results = makeResults();
  const runs = results.runs.flatMap((run) => {
    const bucket = run.by === "c" ? buckets[run.way] : undefined;
    const size = run.sizes.find(({ length }) => length === 64);
    if (bucket === undefined || size === undefined) return [];
    return [{ ...run, sizes: [{ ...size, trips: [[bucket, 100]] as const }] }];
  });
  return describeFindings(summarize({ ...results, runs })).replaceAll("\n", " ");
}

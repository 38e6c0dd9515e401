import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Results } from "../../bench/compare/results.ts";
import { makeFewResults, makeResults } from "./support/make_results.ts";
import { reportOf, rowsOf, textOf } from "./support/report_of.ts";

Deno.test("writeReport() leaves only points with a zero out of plots", async () => {
  const points = [1, 2, 4].map((x) => ({ x, y: x === 2 ? [0, 5, 7] : [4, 5, 7] }));
  const growth = [{ of: "producers", name: "RingChannel", unit: "frames a second", points }];
  const files = await reportOf({ ...makeFewResults(), growth });
  const svg = files.get("results/cost_by_number_of_peers.svg") ?? "";
  assertEquals(svg.match(/<circle/g)?.length, 2);
  const rows = rowsOf(files.get("RESULTS.md") ?? "", "## How cost grows");
  assertEquals(rows, [["1", "5.00"], ["2", "5.00"], ["4", "5.00"]]);
});

Deno.test("writeReport() says how many launches the growth has", async () => {
  const results = makeResults();
  const measured = async (launches: (at: number) => number) => {
    const growth = results.growth.map((series, at) => ({
      ...series,
      points: series.points.map(({ x, y }) => ({ x, y: y.slice(0, launches(at)) })),
    }));
    return await textOf({ ...results, growth });
  };
  assertStringIncludes(await measured(() => 3), "The values are medians of 3 launches.");
  assertStringIncludes(
    await measured((at) => 2 + at % 2),
    "The values are medians of 2 to 3 launches.",
  );
  assertStringIncludes(await measured(() => 1), "The values are of one launch.");
});

Deno.test("writeReport() names the series that need a C compiler, if there was none", async () => {
  const results = makeResults();
  const growth = results.growth.filter(({ name }) => !["C ring", "memcpy"].includes(name));
  const missing = async (results: Results) => (await textOf(results)).split("## Missing")[1] ?? "";
  const without = await missing({ ...results, growth });
  for (const name of ["C ring", "memcpy"]) {
    assertStringIncludes(without, `- ${name}, by bytes of a message: there was no C compiler`);
  }
  for (const growth of [results.growth, []]) {
    assert(!(await missing({ ...results, growth })).includes("no C compiler"));
  }
});

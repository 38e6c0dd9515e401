import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { writeReport } from "../../bench/compare/report/write_report.ts";
import type { Results } from "../../bench/compare/results.ts";
import { BY, STARTS_FAR, WAYS } from "../../bench/compare/ways.ts";
import { removeFolder } from "../support/remove_folder.ts";
import { checkXml } from "./support/check_xml.ts";
import { makeFewResults, makeResults } from "./support/make_results.ts";
import { reportOf, rowsOf, textOf } from "./support/report_of.ts";

/** Maximum length of a plot, in characters, so that pages with plots load fast. */
const MAX_PLOT = 60_000;

Deno.test("writeReport() writes the same bytes for the same results", async () => {
  const first = await reportOf(makeResults());
  const second = await reportOf(JSON.parse(JSON.stringify(makeResults())));
  assertEquals(second, first);
});

Deno.test("writeReport() names each pair that ran, in each table", async () => {
  const results = makeResults();
  const text = await textOf(results);
  for (const { by, way, sizes } of results.runs) {
    const rows = text.split("\n").filter((line) => {
      const [, first, second] = line.split("|").map((cell) => cell.trim());
      return first === WAYS[way] && second === BY[by];
    });
    // Round trips and streams of each length, processor time of one length, and set-up.
    const tables = sizes.length * 2 + (STARTS_FAR.has(way) ? 1 : 2);
    assertEquals(rows.length, tables, `${way} by ${by}`);
  }
});

Deno.test("writeReport() names each pair that could not run, and why", async () => {
  const text = await textOf(makeResults());
  const missing = text.slice(text.indexOf("## Missing"));
  assertStringIncludes(
    missing,
    `- ${WAYS.events}, ${BY.bun}: Bun 1.3 ended with code 3: \\<no FFI>`,
  );
  assertStringIncludes(
    missing,
    `- ${WAYS["spsc-queue"]}, ${BY.boost}: boost/lockfree was not found`,
  );
  assert(!missing.includes("not part of this run"));
});

Deno.test("writeReport() names each pair that was not part of the run", async () => {
  const text = await textOf(makeFewResults());
  const missing = text.slice(text.indexOf("## Missing"));
  assertStringIncludes(missing, `- ${WAYS.tcp}, ${BY.node}: not part of this run`);
  assert(!missing.includes(`${WAYS["pipe-bytes"]}, ${BY.winipc}:`));
});

Deno.test("writeReport() says where and how the comparison ran", async () => {
  const { environment, seed } = makeResults();
  const text = await textOf(makeResults());
  const { system, processor, commit, date, versions } = environment;
  for (const part of [system, processor, commit, date, `${seed}`, "5 times", "8 GiB"]) {
    assertStringIncludes(text.replaceAll("\n", " "), part);
  }
  for (const version of Object.entries(versions)) assertStringIncludes(text, version.join(": "));
  assertStringIncludes(text, "Wine's server");
  assert(!(await reportOf(makeFewResults())).get("RESULTS.md")?.includes("Wine's server"));
});

Deno.test("writeReport() sorts each table of round trips, the fastest first", async () => {
  const text = await textOf(makeResults());
  const trips = text.slice(text.indexOf("## Round trips"), text.indexOf("## One way"));
  const tables = trips.split("\n### ").slice(1);
  assertEquals(tables.length, 5);
  for (const table of tables) {
    const medians = [...table.matchAll(/^\|(?:[^|]*\|){3} *([\d.]+) (ns|µs|ms) \|/gm)]
      .map(([, value, unit]) => Number(value) * (unit === "ns" ? 1 : unit === "µs" ? 1e3 : 1e6));
    assert(medians.length > 20);
    assertEquals(medians, medians.toSorted((a, b) => a - b));
  }
});

Deno.test("writeReport() shows a reached rate below 950 messages a second", async () => {
  const results = makeResults();
  const files = await reportOf({
    ...results,
    runs: results.runs.map((run) => ({
      ...run,
      sizes: run.sizes.map(({ paced, ...size }) => ({
        ...size,
        ...(paced && {
          paced: run.way === "mailslot"
            ? { ...paced, nanoseconds: paced.frames / 150 * 1e9 }
            : paced,
        }),
      })),
    })),
  });
  const rows = rowsOf(files.get("RESULTS.md") ?? "", "## Processor time");
  assert(rows.length > 20);
  for (const row of rows) assertEquals(row.at(-1), row[0] === WAYS.mailslot ? "150/s" : "", row[0]);
  const svg = files.get("results/processor.svg") ?? "";
  assertEquals(svg.match(/ at 150\/s/g)?.length, 2);
  assertEquals(svg.match(/ at [^ ]+\/s/g)?.length, 2);
});

Deno.test("writeReport() draws bands of rates if there is more than one launch", async () => {
  const results = makeResults();
  const bands = async (results: Results) =>
    (await reportOf(results)).get("results/throughput.svg")?.match(/fill-opacity="0.13"/g)?.length;
  assert((await bands(results) ?? 0) > 10);
  const runs = results.runs.filter(({ launch }) => launch === 0);
  assertEquals(await bands({ ...results, launches: 1, runs }), undefined);
});

Deno.test("writeReport() shows one processor time for two ends in one process", async () => {
  const files = await reportOf(makeResults());
  const rows = rowsOf(files.get("RESULTS.md") ?? "", "## Processor time");
  const inOne: readonly string[] = [WAYS.worker, WAYS["broadcast-channel"]];
  for (const [way = "", by, sender, receiver, both] of rows) {
    assertEquals([sender, receiver].includes("–"), inOne.includes(way), `${way}, ${by}`);
    if (inOne.includes(way)) assertEquals([sender, receiver], ["–", "–"]);
    assert(both !== "–");
  }
  assertStringIncludes(files.get("results/processor.svg") ?? "", "both in one process");
});

Deno.test("writeReport() draws the processor time of the length that most programs have", async () => {
  const results = makeResults();
  const paced = results.runs.flatMap(({ sizes }) => sizes).find((size) => size.paced)?.paced;
  assert(paced !== undefined);
  const runs = results.runs.map((run) => ({
    ...run,
    sizes: run.sizes.map((size) => run.by === "c" ? { ...size, paced } : size),
  }));
  const files = await reportOf({ ...results, runs });
  // C also has a time of 8 B, the shortest length.
  assertStringIncludes(files.get("RESULTS.md") ?? "", "### 8 B");
  const title = "Processor time at 1,000 messages of 64 B a second";
  assertStringIncludes(files.get("results/processor.svg") ?? "", title);
});

Deno.test("writeReport() writes well-formed plots, each of which the text shows", async () => {
  const files = await reportOf(makeResults());
  const text = files.get("RESULTS.md") ?? "";
  const plots = [...files].filter(([name]) => name.endsWith(".svg"));
  assertEquals(plots.map(([name]) => name).sort(), [
    "results/cost_by_bytes_of_a_mapping.svg",
    "results/cost_by_bytes_of_a_message.svg",
    "results/cost_by_number_of_open_objects.svg",
    "results/cost_by_number_of_peers.svg",
    "results/latency.svg",
    "results/processor.svg",
    "results/round_trip_64.svg",
    "results/round_trip_65536.svg",
    "results/throughput.svg",
  ]);
  for (const [name, svg] of plots) {
    checkPlot(svg);
    assertStringIncludes(text, `](${name})`);
  }
});

Deno.test("writeReport() writes no empty plot if there are few results", async () => {
  const files = await reportOf(makeFewResults());
  assertEquals([...files.keys()].sort(), ["RESULTS.md", "results/round_trip_8.svg"]);
  checkPlot(files.get("results/round_trip_8.svg") ?? "");
  assertEquals(files.get("RESULTS.md")?.match(/!\[/g)?.length, 1);
});

Deno.test("writeReport() of no results writes a report without plots", async () => {
  const files = await reportOf({ ...makeFewResults(), runs: [] });
  assertEquals([...files.keys()], ["RESULTS.md"]);
  for (const word of ["NaN", "undefined", "Infinity"]) {
    assert(!files.get("RESULTS.md")?.includes(word));
  }
});

Deno.test("writeReport() draws times and costs of zero", async () => {
  const results = makeResults();
  const nothing = { frames: 10, nanoseconds: 1e7, nearProcessor: 0, farProcessor: 0 };
  const files = await reportOf({
    ...results,
    runs: results.runs.map((run) => ({
      ...run,
      sizes: run.sizes.map((size) => ({ ...size, trips: [[0, 5]], paced: nothing })),
    })),
    growth: results.growth.map((series) => ({
      ...series,
      points: series.points.map(({ x }, at) => ({ x, y: [at === 0 ? 0 : 7] })),
    })),
  });
  assertEquals(files.size, 10);
  for (const [name, svg] of files) if (name.endsWith(".svg")) checkPlot(svg);
});

Deno.test("writeReport() leaves ways whose far end starts late out of the set-up", async () => {
  const text = await textOf(makeResults());
  const ways = rowsOf(text, "## Set-up").map(([way]) => way);
  assert(ways.length > 20);
  for (const way of STARTS_FAR) assert(!ways.includes(WAYS[way]), way);
});

Deno.test("writeReport() writes Markdown as deno fmt leaves it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    for (const results of [makeResults(), makeFewResults()]) {
      await writeReport(results, folder);
      const args = ["fmt", "--check", "--no-config", "--line-width=100", `${folder}/RESULTS.md`];
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assert(success, new TextDecoder().decode(stderr));
    }
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("checkXml() refuses what is not well-formed", () => {
  checkXml(`<a b="1"><c/>&amp;<!-- < --></a>`);
  for (
    const text of ["", "<a>", "<a></b>", "<a>&</a>", `<a b=1/>`, `<a b="1" b="2"/>`, "<a/><b/>"]
  ) {
    assertThrows(() => checkXml(text), SyntaxError);
  }
});

function checkPlot(svg: string): void {
  checkXml(svg);
  for (const word of ["NaN", "undefined", "Infinity"]) assert(!svg.includes(word), word);
  assert(svg.length < MAX_PLOT, `${svg.length} characters`);
  assertEquals(svg.match(/\d\.\d{3,}/g), null);
}

import { assertEquals, assertGreater } from "@std/assert";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main } from "../../bench/compare/main.ts";
import type { Prepare } from "../../bench/compare/prepare.ts";
import { writeReport } from "../../bench/compare/report/write_report.ts";
import { readResults, writeResults } from "../../bench/compare/results_file.ts";
import { makeResults } from "./support/make_results.ts";

const BENCH = new URL("../../bench/", import.meta.url);
const RESULTS = "results/results.json";

const prepareNothing: Prepare = () => Promise.reject(new Error("Expected no measurement"));

/** Returns a new folder, and deletes it at the end. */
async function temporaryFolder(): Promise<AsyncDisposable & { url: URL; path: string }> {
  const path = await Deno.makeTempDir({ prefix: "winipc-" });
  return {
    path,
    url: pathToFileURL(`${path}/`),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Returns the texts of all files of the report in a folder, by their names. */
async function readReport(folder: URL): Promise<Record<string, string>> {
  const texts: Record<string, string> = {
    "RESULTS.md": await Deno.readTextFile(new URL("RESULTS.md", folder)),
  };
  for await (const { name } of Deno.readDir(new URL("results/", folder))) {
    texts[name] = await Deno.readTextFile(new URL(`results/${name}`, folder));
  }
  return texts;
}

/** Returns the folder of the report in the repository, or of a made one if there is none. */
async function folderOfReport(made: URL): Promise<URL> {
  const isCommitted = await Deno.stat(new URL(RESULTS, BENCH)).then(() => true, () => false);
  if (isCommitted) return BENCH;
  await Deno.mkdir(new URL("results/", made));
  await writeResults(makeResults(), new URL(RESULTS, made));
  await writeReport(makeResults(), made);
  return made;
}

Deno.test("compare --from makes the same report again, byte for byte", async () => {
  await using made = await temporaryFolder();
  await using again = await temporaryFolder();
  const folder = await folderOfReport(made.url);
  const from = fileURLToPath(new URL(RESULTS, folder));
  assertEquals(await main(["--from", from, "--to", again.path], prepareNothing), 0);
  const report = await readReport(folder);
  assertEquals(await readReport(again.url), report);
  assertGreater(Object.keys(report).length, 2);
});

Deno.test("readResults() returns what writeResults() wrote, with a line for each run", async () => {
  await using folder = await temporaryFolder();
  const file = new URL("results.json", folder.url);
  const results = makeResults();
  await writeResults(results, file);
  assertEquals(await readResults(file), results);
  const lines = (await Deno.readTextFile(file)).split("\n");
  assertEquals(lines.filter((line) => line.includes('"setUp":')).length, results.runs.length);
});

import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { fileURLToPath, pathToFileURL } from "node:url";
import { main } from "../../bench/compare/main.ts";
import type { Prepare } from "../../bench/compare/prepare.ts";
import { writeReport } from "../../bench/compare/report/write_report.ts";
import { readResults, writeResults } from "../../bench/compare/results_file.ts";
import { collectErrors } from "./support/collect_errors.ts";
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

/** Runs `--from`, and returns the exit code and the printed errors. */
async function makeFrom(file: string, folder: string): Promise<{ code: number; said: string }> {
  using errors = collectErrors();
  const code = await main(["--from", file, "--to", folder], prepareNothing);
  return { code, said: errors.lines.join("\n") };
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

Deno.test("compare --from names a file that has no results, and keeps the old report", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}\\results\\results.json`;
  assertEquals(await makeReport(folder), 0);
  const before = await readReport(folder.url);
  const results = makeResults();
  const wrong = [
    "",
    "null",
    "[]",
    `{"format":1}`,
    `{"format":2}`,
    JSON.stringify({ ...results, runs: [{ ...results.runs[0], sizes: [{ length: 64 }] }] }),
    JSON.stringify({ ...results, missing: [{ by: "perl", way: "tcp", why: "" }] }),
  ];
  for (const text of wrong) {
    await Deno.writeTextFile(file, text);
    const { code, said } = await makeFrom(file, folder.path);
    assertEquals(code, 1, text);
    assertStringIncludes(said, file);
    assertEquals(await readReport(folder.url), { ...before, "results.json": text });
  }
});

Deno.test("compare --from names a file that does not exist, and writes nothing", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}\\none.json`;
  const { code, said } = await makeFrom(file, folder.path);
  assertEquals(code, 1);
  assertStringIncludes(said, `Cannot read the results in ${file}`);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("compare --from keeps results and other files, and deletes old plots", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await makeReport(folder), 0);
  const before = await readReport(folder.url);
  const file = `${folder.path}\\results\\results.json`;
  await Deno.writeTextFile(file, JSON.stringify(makeResults()));
  await Deno.writeTextFile(`${folder.path}\\results\\old.svg`, "<svg/>");
  await Deno.writeTextFile(`${folder.path}\\results\\notes.txt`, "");
  assertEquals((await makeFrom(file, folder.path)).code, 0);
  const after = { ...before, "results.json": JSON.stringify(makeResults()), "notes.txt": "" };
  assertEquals(await readReport(folder.url), after);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  assertEquals(names.toSorted(), ["RESULTS.md", "results"]);
});

/** Makes a report of made results in a folder. */
async function makeReport({ path }: { path: string }): Promise<number> {
  await using folder = await temporaryFolder();
  await writeResults(makeResults(), new URL("results.json", folder.url));
  return (await makeFrom(`${folder.path}\\results.json`, path)).code;
}

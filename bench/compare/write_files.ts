/**
 * Writes all files of a report, or none.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { writeReport } from "./report/write_report.ts";
import type { Results } from "./results.ts";
import { writeResults } from "./results_file.ts";

/** The folder of the results and the plots, in the folder of the report. */
const FOLDER = "results/";
const RESULTS = `${FOLDER}results.json`;
const TEXT = "RESULTS.md";

/**
 * Writes the report, its plots and its results. The new files are made in a temporary folder beside
 * the old files. Complete new files replace the old ones. Old plots are deleted.
 *
 * @param folder The URL of the report's folder, with a slash at the end.
 * @param from The file from which the results were read, which is not written again.
 */
export async function writeFiles(
  results: Results,
  folder: URL,
  from: URL | undefined,
): Promise<void> {
  await Deno.mkdir(new URL(FOLDER, folder), { recursive: true });
  const path = await Deno.makeTempDir({ dir: fileURLToPath(folder), prefix: "winipc-report-" });
  const made = pathToFileURL(`${path}/`);
  try {
    await writeReport(results, made);
    await writeResults(results, new URL(RESULTS, made));
    if (await isSameFile(from, new URL(RESULTS, folder))) await Deno.remove(new URL(RESULTS, made));
    await replace(made, folder);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function replace(made: URL, folder: URL): Promise<void> {
  const names = Array.from(Deno.readDirSync(new URL(FOLDER, made)), ({ name }) => name);
  for (const file of [...names.map((name) => FOLDER + name), TEXT]) {
    await Deno.rename(new URL(file, made), new URL(file, folder));
  }
  for (const { name } of Deno.readDirSync(new URL(FOLDER, folder))) {
    const isOld = name.endsWith(".svg") && !names.includes(name);
    if (isOld) await Deno.remove(new URL(FOLDER + name, folder));
  }
}

async function isSameFile(one: URL | undefined, other: URL): Promise<boolean> {
  if (one === undefined) return false;
  const [first, second] = await Promise.all([one, other].map(realPath));
  return first === second;
}

/** Returns the path of a file without links. The file need not exist. */
async function realPath(url: URL): Promise<string> {
  return await Deno.realPath(url).catch(() => fileURLToPath(url));
}

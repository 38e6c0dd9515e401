/**
 * Writes reports into temporary folders, and reads them.
 *
 * @module
 */

import { writeReport } from "../../../bench/compare/report/write_report.ts";
import type { Results } from "../../../bench/compare/results.ts";
import { removeFolder } from "../../support/remove_folder.ts";

const RULE = /^\|(?: -+:? \|)+$/;

/** Returns the files of a report, by their names in its folder. */
export async function reportOf(results: Results): Promise<Map<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await writeReport(results, folder);
    const names = [...Deno.readDirSync(`${folder}/results`)].map(({ name }) => `results/${name}`);
    return new Map(
      ["RESULTS.md", ...names.sort()].map((name) => [
        name,
        Deno.readTextFileSync(`${folder}/${name}`),
      ]),
    );
  } finally {
    await removeFolder(folder);
  }
}

/** Returns the text of a report. */
export async function textOf(results: Results): Promise<string> {
  return (await reportOf(results)).get("RESULTS.md") ?? "";
}

/** Returns the cells of the rows of all tables in a section, without the heads of the tables. */
export function rowsOf(text: string, heading: string): string[][] {
  const [section = ""] = text.slice(text.indexOf(heading) + 1).split("\n## ");
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines
    .filter((line, at) => ![line, lines[at + 1] ?? ""].some((line) => RULE.test(line)))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

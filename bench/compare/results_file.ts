/**
 * Keeps results in a JSON file.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { checkResults } from "./check_results.ts";
import { reasonOf } from "./reason.ts";
import type { Results } from "./results.ts";

/**
 * Reads results.
 *
 * @throws {Error} If the file cannot be read, or has another format. The error names the file.
 */
export async function readResults(file: URL): Promise<Results> {
  try {
    const results: unknown = JSON.parse(await Deno.readTextFile(file));
    checkResults(results);
    return results;
  } catch (error) {
    const place = `the results in ${fileURLToPath(file)}`;
    throw new Error(`Cannot read ${place}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Writes results. Each run has a line of its own, so that a diff shows the changed runs. */
export async function writeResults(results: Results, file: URL): Promise<void> {
  const fields = Object.entries(results).map(([name, value]) => `  "${name}": ${format(value)}`);
  await Deno.writeTextFile(file, `{\n${fields.join(",\n")}\n}\n`);
}

function format(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  const lines = value.map((item) => `    ${JSON.stringify(item)}`);
  return `[\n${lines.join(",\n")}\n  ]`;
}

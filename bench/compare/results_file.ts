/**
 * Keeps results in a JSON file.
 *
 * @module
 */

import type { Results } from "./results.ts";

/**
 * Reads results.
 *
 * @throws {Error} If the file has another format.
 */
export async function readResults(file: string | URL): Promise<Results> {
  const results: Results = JSON.parse(await Deno.readTextFile(file));
  if (results.format === 1) return results;
  throw new Error(`Cannot read results of format ${results.format}`);
}

/** Writes results. Each run has a line of its own, so that people can read a change. */
export async function writeResults(results: Results, file: string | URL): Promise<void> {
  const fields = Object.entries(results).map(([name, value]) => `  "${name}": ${format(value)}`);
  await Deno.writeTextFile(file, `{\n${fields.join(",\n")}\n}\n`);
}

function format(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  const lines = value.map((item) => `    ${JSON.stringify(item)}`);
  return `[\n${lines.join(",\n")}\n  ]`;
}

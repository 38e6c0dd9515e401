/**
 * Compares ways to share data between processes.
 *
 *     deno task compare [--quick | --all] [--seed N] [--from FILE] [--to FOLDER]
 *
 * The report is `RESULTS.md`, in the folder `bench` or in FOLDER. Its plots and `results.json` are
 * in the folder `results` beside it. The report names the programs that could not be installed. If
 * anything fails, nothing is written, and the exit code is 1. After a Ctrl-C, nothing is written,
 * and the exit code is 130.
 *
 * - `--quick` takes less than 3 minutes, prints the tables, and writes to a temporary folder.
 * - `--all` measures all programs at all lengths.
 * - `--seed` repeats the order of another comparison.
 * - `--from` measures nothing, and makes the report from the results in FILE.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { compare } from "./compare.ts";
import { type Options, readOptions } from "./options.ts";
import { SCOPES } from "./plan.ts";
import { type Prepare, preparePrograms } from "./prepare.ts";
import { Progress } from "./progress.ts";
import { reasonOf } from "./reason.ts";
import type { Results } from "./results.ts";
import { readResults } from "./results_file.ts";
import { writeFiles } from "./write_files.ts";

/** Exit code after a Ctrl-C: 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130;

if (import.meta.main) Deno.exit(await main(Deno.args, preparePrograms));

/**
 * Runs `deno task compare`.
 *
 * @param prepare Makes the programs ready to run.
 * @param interruption Interrupts the command as Ctrl-C does.
 * @returns The exit code.
 */
export async function main(
  args: readonly string[],
  prepare: Prepare,
  interruption = new AbortController(),
): Promise<number> {
  const interrupt = () => {
    // The next Ctrl-C ends the process at once.
    Deno.removeSignalListener("SIGINT", interrupt);
    interruption.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const options = readOptions(args);
    const results = options.from === undefined
      ? await measure(options, prepare, interruption.signal)
      : await readResults(options.from);
    await write(results, options);
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) return INTERRUPTED;
    console.error(reasonOf(error));
    return 1;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

async function measure(
  { extent, seed }: Options,
  prepare: Prepare,
  signal: AbortSignal,
): Promise<Results> {
  using progress = new Progress();
  progress.print(`The seed of the order is ${seed}`);
  try {
    return await compare({ scope: SCOPES[extent], seed, prepare, progress, signal });
  } catch (error) {
    throw new Error(`The comparison is void. ${reasonOf(error)}`, { cause: error });
  }
}

/** Writes all files of the report. */
async function write(results: Results, { extent, from, to }: Options): Promise<void> {
  const isQuick = extent === "quick" && from === undefined;
  const folder = to ?? (isQuick ? await temporaryFolder() : new URL("../", import.meta.url));
  await writeFiles(results, folder, from);
  if (isQuick) console.log(await Deno.readTextFile(new URL("RESULTS.md", folder)));
  console.error(`The report is in ${fileURLToPath(folder)}`);
}

async function temporaryFolder(): Promise<URL> {
  return pathToFileURL(`${await Deno.makeTempDir({ prefix: "winipc-compare-" })}/`);
}

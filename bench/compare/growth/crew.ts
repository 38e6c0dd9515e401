/**
 * A process with many Workers.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { removeFolder } from "../../../tests/support/remove_folder.ts";
import { End, script } from "./end.ts";

/** Number of Workers from which on a bundle saves more time than it takes. */
const MIN_TO_BUNDLE = 16;
/** Time limit of the bundler in milliseconds. The first bundle downloads esbuild. */
const PATIENCE = 60_000;
/** Number of Workers that start in one task, so that the task takes less than 30 seconds. */
const HIRED_TOGETHER = 8;

/** The number of crews, and the script of their Workers. */
export interface CrewOptions {
  /** The script of the Workers. */
  readonly worker: URL;
  /** Number of processes. */
  readonly processes: number;
  /** Maximum number of Workers in all processes. */
  readonly max: number;
  /** Ends the processes. */
  readonly signal?: AbortSignal | undefined;
}

/** Starts crews without Workers. `stack` ends the crews. */
export async function startCrews(
  stack: AsyncDisposableStack,
  { worker, processes, max, signal }: CrewOptions,
): Promise<Crew[]> {
  const { href } = max < MIN_TO_BUNDLE ? worker : await bundle(stack, worker, signal) ?? worker;
  const each = Math.ceil(max / processes);
  const commands = Array.from(
    { length: processes },
    (_, at) => script("crew", href, `${at * each}`),
  );
  return (await End.startAll(stack, commands, signal)).map((end) => new Crew(end));
}

/**
 * Bundles a script into one file, because a Worker takes 0.3 seconds to load 140 modules. `stack`
 * deletes the file.
 *
 * @returns The file, or `undefined` if the bundler cannot be downloaded or fails.
 */
async function bundle(
  stack: AsyncDisposableStack,
  source: URL,
  signal?: AbortSignal,
): Promise<URL | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  stack.defer(() => removeFolder(folder));
  const file = `${folder}\\worker.js`;
  const limit = AbortSignal.timeout(PATIENCE);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "-o", file, source.href],
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  }).output();
  return success ? pathToFileURL(file) : undefined;
}

/** A process that runs peers/crew.ts. */
export class Crew {
  readonly #end: End;
  #hired = 0;

  constructor(end: End) {
    this.#end = end;
  }

  /** Starts Workers until there are `count`. */
  async hire(count: number): Promise<void> {
    while (this.#hired < count) {
      this.#hired = Math.min(this.#hired + HIRED_TOGETHER, count);
      await this.#end.ask("hire", this.#hired);
    }
  }

  /** Posts words to the first `count` Workers, and returns their answers. */
  async ask(count: number, ...words: (string | number)[]): Promise<number[]> {
    return await this.#end.ask("ask", count, ...words);
  }
}

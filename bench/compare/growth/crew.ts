/**
 * A process with many Workers.
 *
 * @module
 */

import { End, script } from "./end.ts";

/** Number of Workers from which on a bundle saves more time than it takes. */
const MIN_TO_BUNDLE = 16;
/** Time limit of the bundler in milliseconds. Its first use downloads a part of it. */
const PATIENCE = 60_000;

/** Number of Workers that start in one task, so that it takes less than 30 seconds. */
const HIRED_TOGETHER = 8;

/** The processes of crews, and the script of their Workers. */
export interface CrewOptions {
  /** The script of the Workers. */
  readonly worker: URL;
  /** Number of processes. */
  readonly processes: number;
  /** Maximum number of Workers in all processes. */
  readonly max: number;
}

/** Starts crews without Workers. The end of `stack` ends them. */
export async function startCrews(
  stack: AsyncDisposableStack,
  { worker, processes, max }: CrewOptions,
): Promise<Crew[]> {
  const { href } = max < MIN_TO_BUNDLE ? worker : await bundle(stack, worker);
  const each = Math.ceil(max / processes);
  const commands = Array.from(
    { length: processes },
    (_, at) => script("crew", href, `${at * each}`),
  );
  return (await End.startAll(stack, commands)).map((end) => new Crew(end));
}

/** Bundles a script into one file, because a Worker takes 0.3 seconds to load 140 modules. */
async function bundle(stack: AsyncDisposableStack, source: URL): Promise<URL> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const file = `${folder}\\worker.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "-o", file, source.href],
    signal: AbortSignal.timeout(PATIENCE),
  }).output();
  if (!success) throw new Error(`Cannot bundle ${source}: ${new TextDecoder().decode(stderr)}`);
  return new URL(`file:///${file.replaceAll("\\", "/")}`);
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

  /** Posts words to the first Workers, and returns their answers. */
  async ask(count: number, ...words: (string | number)[]): Promise<number[]> {
    return await this.#end.ask("ask", count, ...words);
  }
}

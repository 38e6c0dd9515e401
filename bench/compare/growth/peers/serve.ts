/**
 * The tasks of a process that takes part in a measurement.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

/** Options of every wait of these processes. A busy machine needs less than 20 seconds. */
export const PATIENCE = { timeout: 20_000 } as const;

/** A task, which gets the words of its line and returns numbers. */
export type Task = (...words: string[]) => readonly number[] | Promise<readonly number[]>;

/**
 * Does the tasks that the lines of the standard input name, until the input ends. Writes one line
 * of JSON for each task. After an error, writes the error and ends the process.
 */
export async function serve(tasks: Readonly<Record<string, Task>>): Promise<void> {
  console.log("ready");
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const [name, ...words] = line.split(" ");
    try {
      console.log(JSON.stringify({ numbers: await tasks[name!]!(...words) }));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }));
      Deno.exit(1);
    }
  }
}

/** Returns the time since the start of the process, in nanoseconds. */
export function now(): number {
  return performance.now() * 1e6;
}

/**
 * The tasks of a process that takes part in a measurement.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

/** Options of every wait of these processes: 20 seconds are long enough on a busy machine. */
export const PATIENCE = { timeout: 20_000 } as const;

/** A task. It gets the words of its line, and returns numbers. */
export type Task = (...words: string[]) => readonly number[] | Promise<readonly number[]>;

/**
 * Does the tasks that the lines of the standard input name, until the input ends. Writes one line of
 * JSON for each. An error ends the process, after it was written.
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

/** Returns the time in nanoseconds. */
export function now(): number {
  return performance.now() * 1e6;
}

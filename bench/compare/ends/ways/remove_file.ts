/**
 * Removes a file that two processes have mapped.
 *
 * @module
 */

import { PATIENCE } from "../watchdog.ts";

/** Time between two attempts, in milliseconds. */
const PAUSE = 20;

/** Removes a file as soon as no process has it mapped. */
export async function removeFile(path: string): Promise<void> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await Deno.remove(path);
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/**
 * Random timeouts and signals.
 *
 * @module
 */

import type { WaitOptions } from "../../../src/wait/options.ts";
import type { Random } from "../../support/random.ts";

const REASON = new Error("The signal of the fuzz");

/** Returns options that mostly let a wait go on, and sometimes stop it soon. */
export function waitOptions(random: Random): WaitOptions {
  const choice = random.below(20);
  if (choice < 3) return { timeout: random.below(6) };
  if (choice > 4) return {};
  const controller = new AbortController();
  const abort = () => controller.abort(REASON);
  if (random.below(2) === 0) setTimeout(abort, random.below(5));
  else queueMicrotask(abort);
  return { signal: controller.signal };
}

/** Whether an error comes from the options of {@linkcode waitOptions}. */
export function stopped(error: unknown): boolean {
  return error === REASON || error instanceof Deno.errors.TimedOut;
}

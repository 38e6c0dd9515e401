/**
 * The options of `deno task compare`.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { pathToFileURL } from "node:url";
import type { Extent } from "./plan.ts";
import { randomSeed, SEED_LIMIT } from "./run/shuffle.ts";

/** The options of `deno task compare`. */
export interface Options {
  readonly extent: Extent;
  /** The seed of the order of the launches. */
  readonly seed: number;
  /** The file of the results for the report. Without a file, the results are measured. */
  readonly from: URL | undefined;
  /** The folder of the report. Without a folder, `extent` decides. */
  readonly to: URL | undefined;
}

/**
 * Reads the options of `deno task compare`.
 *
 * @throws {TypeError} If an option is unknown or has no value, or options exclude each other.
 * @throws {RangeError} If the seed is out of range.
 */
export function readOptions(args: readonly string[]): Options {
  const { quick, all, seed, from, to } = parseArgs([...args], {
    boolean: ["quick", "all"],
    string: ["seed", "from", "to"],
    unknown(name) {
      throw new TypeError(
        `Unknown option ${name}: the options are --quick, --all, --seed, --from and --to`,
      );
    },
  });
  if (quick && all) throw new TypeError("--quick and --all exclude each other: pass one of them");
  for (const [name, value] of Object.entries({ from, to })) {
    if (value === "") throw new TypeError(`Expected a path after --${name}`);
  }
  if (from !== undefined && (quick || all || seed !== undefined)) {
    throw new TypeError("--from measures nothing: pass it without --quick, --all and --seed");
  }
  return {
    extent: quick ? "quick" : all ? "all" : "default",
    seed: seed === undefined ? randomSeed() : readSeed(seed),
    from: from === undefined ? undefined : pathToFileURL(from),
    to: to === undefined ? undefined : pathToFileURL(`${to}/`),
  };
}

function readSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : NaN;
  if (seed < SEED_LIMIT) return seed;
  throw new RangeError(`Expected a seed from 0 to ${SEED_LIMIT - 1}, got "${text}"`);
}

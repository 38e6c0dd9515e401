/**
 * Runs scripts by TypeScript ends and by C ends, each on its own channel, and compares the two
 * sides.
 *
 * After each step it compares the result, the words of the header and of the ring, and the set
 * events. Of an owner it compares only the id, not the start time.
 *
 * The steps are those of tests/channel/ring/peers/script_ends.c, without names and seeds, and
 * these:
 *
 * - `poke WORD VALUE` writes a word of the header, also by its index, `word:195`, or of the
 *   ring: `ring+8`
 * - `poke ROLE.owner WHO` writes an owner: `nobody`, `alive` (the other process), or `dead`
 * - `kill` ends the other process, for all later scripts, too
 * - `turn` waits for some event-loop turns
 * - `abort` aborts a claim
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { RingChannelOptions } from "../../../src/channel/mod.ts";
import type { RingDifference } from "../../../src/channel/ring/c/functions.ts";
import { CSide, nameOf, type Outcome, type Players, TypeScriptSide } from "./script_sides.ts";

/** A step whose effect differs between the two sides, on purpose. */
export interface DifferentStep {
  /** The step. */
  step: string;
  /** The name of the intended difference. */
  why: RingDifference;
  /** The result in TypeScript. @default "ok" */
  typescript?: string;
  /** The result in C. @default "ok" */
  c?: string;
  /** The words of the memory that then differ. Later steps can make them equal. @default none */
  words?: string;
}

/** A step, `send 8`; a step with its result, `send 600 = RangeError`; or a difference. */
export type Step = string | DifferentStep;

/** A script for a new channel. */
export interface Script {
  /** The subject of the script, as a step of the test. */
  name: string;
  /** The options of the channel. @default a ring of 1024 bytes */
  options?: RingChannelOptions;
  /** The steps. */
  steps: readonly Step[];
}

/**
 * Asserts that a script has the same effects on both sides, except for the differences that it
 * names. These must occur.
 */
export async function assertAlike(
  { name, options = { capacity: 1024 }, steps }: Script,
  players: Players,
): Promise<void> {
  // One side after the other: no event-loop turn can end between two steps of TypeScript.
  const expected = await runTypeScript(steps, options, players);
  using side = new CSide(options, players);
  let allowed = new Set<string>();
  try {
    for (const [number, step] of steps.entries()) {
      const outcome = await side.run(stepOf(step), number);
      const label = `${name}, step ${number}: ${typeof step === "string" ? step : step.step}`;
      allowed = compare(step, { label, typescript: expected[number]!, c: outcome, allowed });
    }
  } finally {
    await side.end();
  }
}

async function runTypeScript(
  steps: readonly Step[],
  options: RingChannelOptions,
  players: Players,
): Promise<Outcome[]> {
  using side = new TypeScriptSide(options, players);
  const outcomes: Outcome[] = [];
  for (const [number, step] of steps.entries()) {
    const outcome = side.run(stepOf(step), number);
    outcomes.push(outcome instanceof Promise ? await outcome : outcome);
  }
  return outcomes;
}

/** Compares the outcomes of a step. Returns the words that can differ after the next step, too. */
function compare(
  step: Step,
  { label, typescript, c, allowed }: {
    label: string;
    typescript: Outcome;
    c: Outcome;
    allowed: ReadonlySet<string>;
  },
): Set<string> {
  const differing = differences(typescript.words, c.words);
  if (typeof step === "string") {
    assertEquals(c.result, typescript.result, label);
    const [, result = c.result] = step.split(" = ");
    assertEquals(c.result, result, label);
    const unexpected = [...differing].filter((word) => !allowed.has(word));
    assertEquals(unexpected, [], `${label}: words that differ`);
    if (allowed.size === 0) assertEquals(c.events, typescript.events, `${label}: events`);
    return differing;
  }
  const { why, words = "" } = step;
  const found = { typescript: typescript.result, c: c.result, words: [...differing].join(" ") };
  const expected = { typescript: step.typescript ?? "ok", c: step.c ?? "ok", words };
  assertEquals(found, expected, `${label} (${why})`);
  return differing;
}

function stepOf(step: Step): string {
  return typeof step === "string" ? step.split(" = ")[0]! : step.step;
}

/** Returns the names of the words that differ, in the order of the memory. */
function differences(one: Int32Array, other: Int32Array): Set<string> {
  const names = new Set<string>();
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) names.add(nameOf(at));
  return names;
}

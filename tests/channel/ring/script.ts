/**
 * Scripts that the ends of TypeScript and those of the C header do alike, each on a channel of its own.
 *
 * After each step the results are compared, all words of the header, the ring, and which events were
 * set. Of an owner only the id is compared, and not the time when its process was started.
 *
 * The steps are those of tests/channel/ring/peers/script_ends.c, without names and seeds, and these:
 *
 * - `poke WORD VALUE` writes a word of the header, or of the ring: `ring+8`
 * - `poke ROLE.owner WHO` writes an owner: `nobody`, another process that is `alive`, or a `dead` one
 * - `kill` ends that other process, for all scripts that follow
 * - `turn` lets the event loop turn
 * - `abort` gives a claim up
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { RingChannelOptions } from "../../../src/channel/mod.ts";
import type { RingDifference } from "../../../src/channel/ring/c/functions.ts";
import { CSide, nameOf, type Outcome, type Players, TypeScriptSide } from "./script_sides.ts";

/** A step that the two sides do differently, on purpose. */
export interface DifferentStep {
  /** The step. */
  step: string;
  /** Which intended difference that is. */
  why: RingDifference;
  /** What comes of the step in TypeScript. @default "ok" */
  typescript?: string;
  /** What comes of it in C. @default "ok" */
  c?: string;
  /** Which words of the memory differ then. The steps that follow may make them equal again. @default none */
  words?: string;
}

/** `send 8`, or `send 600 = RangeError` where the result matters, or a difference. */
export type Step = string | DifferentStep;

/** A script for a new channel. */
export interface Script {
  /** What it is about. */
  name: string;
  /** What the channel is like. @default a ring of 1024 bytes */
  options?: RingChannelOptions;
  /** The steps. */
  steps: readonly Step[];
}

/**
 * Asserts that both sides do a script alike, but for the differences that it names, which have to be there.
 *
 * @param script The script.
 * @param players The processes.
 */
export async function assertAlike(
  { name, options = { capacity: 1024 }, steps }: Script,
  players: Players,
): Promise<void> {
  // First one, then the other: no turn of the event loop is to come between two steps of TypeScript.
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

/** Compares what came of a step; gives the words that may differ after the next one. */
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

/** The names of the words that differ, in the order of the memory. */
function differences(one: Int32Array, other: Int32Array): Set<string> {
  const names = new Set<string>();
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) names.add(nameOf(at));
  return names;
}

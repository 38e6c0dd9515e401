/**
 * Runs an end of a pair: `PROGRAM far|near WAY NAME`. Deno, Node.js and Bun can run this.
 *
 * The near end reads a line for each task from the standard input: `TASK LENGTH MILLISECONDS`. The
 * answer is a line of JSON. The end of the input ends both ends.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Side, WayOfProgram } from "../link.ts";
import { STARTS_FAR } from "../ways.ts";
import { serve } from "./far.ts";
import { TASK } from "./frames.ts";
import { NEAR_TASKS } from "./near.ts";
import { PATIENCE, watch } from "./watchdog.ts";
import { Wire } from "./wire.ts";

const STANDARD_OUTPUT = 1;

/**
 * Runs the end that the arguments name, and then ends the process.
 *
 * @param ways The ways of this program, by their names.
 */
export async function runEnd(ways: Readonly<Record<string, WayOfProgram>>): Promise<void> {
  const [side, name = "", pair = ""] = process.argv.slice(2);
  const way = ways[name];
  if (side !== "near" && side !== "far" || way === undefined) {
    const got = process.argv.slice(2).join(" ");
    fail("near", new Error(`Expected the arguments far|near WAY NAME, got "${got}"`));
  }
  try {
    const wire = await open(side, way, { pair, isSilent: side === "far" && isStartedByNear(name) });
    if (side === "near") await measure(wire);
    else await serveNear(wire);
    await wire.link.close();
  } catch (error) {
    fail(side, error);
  }
  process.exit(0);
}

async function open(
  side: Side,
  way: WayOfProgram,
  { pair, isSilent }: { pair: string; isSilent: boolean },
): Promise<Wire> {
  const start = performance.now();
  let isReady = isSilent;
  const ready = () => {
    if (!isReady) say(`ready ${Math.round((performance.now() - start) * 1e6)}`);
    isReady = true;
  };
  const wire = new Wire(await way.open(side, pair, ready));
  ready();
  return wire;
}

async function measure(wire: Wire): Promise<void> {
  let isWaiting = false;
  watch(wire, () => isWaiting, () => fail("near", silence()));
  for await (const line of createInterface({ input: process.stdin })) {
    isWaiting = true;
    say(JSON.stringify(await runTask(wire, line)));
    isWaiting = false;
  }
  await wire.sendControl({ task: TASK.end, length: 0, count: 0 });
}

async function runTask(wire: Wire, line: string): Promise<unknown> {
  const [name, length, milliseconds] = line.split(" ");
  const task = Object.entries(NEAR_TASKS).find(([key]) => key === name)?.[1];
  if (task === undefined) throw new Error(`There is no task "${line}"`);
  return await task(wire, { length: Number(length), milliseconds: Number(milliseconds) });
}

async function serveNear(wire: Wire): Promise<void> {
  watch(wire, () => true, () => fail("far", silence()));
  await serve(wire);
}

function isStartedByNear(name: string): boolean {
  return [...STARTS_FAR].some((way) => way === name);
}

function silence(): Error {
  return new Error(`No frame came for ${PATIENCE / 1000} s`);
}

/** Ends the process with an error. The near end tells the harness the reason. */
function fail(side: Side, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (side === "near") say(JSON.stringify({ error: message }));
  else console.error(error);
  process.exit(1);
}

/** Writes a line at once, because the process may end or block its thread next. */
function say(line: string): void {
  writeSync(STANDARD_OUTPUT, `${line}\n`);
}

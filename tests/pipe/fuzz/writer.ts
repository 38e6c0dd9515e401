/**
 * Writes records to a connection in random ways.
 *
 * @module
 */

import { assert } from "@std/assert";
import { inWorker } from "../../../ffi/platform.ts";
import type { PipeConnection } from "../../../src/pipe/mod.ts";
import type { Random } from "../../support/random.ts";
import type { Plan, Side } from "./plan.ts";
import { recordOf } from "./record.ts";
import { stopped, waitOptions } from "./waits.ts";

/** The fate of a write: it has succeeded, or its bytes may have been written. */
export type Fate = "written" | "maybe";

/** Everything that an end has written. */
export interface Sent {
  /** The fate of each record, by its number. */
  fates: Fate[];
  /** The number of writes, flushes and pauses. */
  steps: number;
}

/** Options of {@linkcode writeAll}. */
export interface WriteAll {
  seed: number;
  plan: Plan;
  /** This end. */
  from: Side;
  random: Random;
  /** Whether the connection's stream is written. */
  isStream: boolean;
}

/** Maximum number of writes that nobody awaits. */
const MAX_PENDING = 6;

/**
 * Makes the steps of the plan, until the connection is broken.
 *
 * @returns A function that waits for the fates of all writes, and whether the connection is broken.
 */
export async function writeAll(
  connection: PipeConnection,
  { seed, plan, from, random, isStream }: WriteAll,
): Promise<{ isBroken: boolean; settle: () => Promise<Sent> }> {
  const fates: Promise<Fate>[] = [];
  let isBroken = false;
  let failure: unknown;
  const note = (error: unknown) => {
    if (stopped(error)) return;
    isBroken = true;
    const { BrokenPipe, BadResource } = Deno.errors;
    // A stream that is closed or errored throws a TypeError.
    const isExpected = error instanceof BrokenPipe || error instanceof BadResource ||
      isStream && error instanceof TypeError;
    if (!isExpected) failure = error;
  };
  const stream = isStream ? connection.writable.getWriter() : undefined;
  stream?.closed.catch(() => {});
  stream?.ready.catch(() => {});
  const write = (options = {}) => {
    const record = recordOf(seed, plan, from, fates.length);
    const writing = stream?.write(record) ?? connection.write(record, options);
    const fate = writing.then((): Fate => "written", (error): Fate => {
      note(error);
      return "maybe";
    });
    fates.push(fate);
    // The connection has its own copy. A stream takes its chunk later.
    if (!isStream) record.fill(0xee);
    return fate;
  };
  let steps = 0;
  let waited = 0;
  for (; steps < plan.steps[from] && !isBroken; steps++) {
    const choice = random.below(20);
    if (choice < 8) await write();
    else if (choice < 12) void write();
    else if (choice < 16) await write(waitOptions(random));
    else if (choice < 18) await flush(connection, random).catch(note);
    else if (choice < 19) await new Promise((resolve) => setTimeout(resolve, random.below(3)));
    else blink(connection);
    if (fates.length - waited > MAX_PENDING) waited += (await Promise.all(fates)).length - waited;
  }
  const settle = async () => {
    const all = await Promise.all(fates);
    assert(failure === undefined, failure instanceof Error ? failure.stack : `${failure}`);
    return { fates: all, steps };
  };
  return { isBroken, settle };
}

async function flush(connection: PipeConnection, random: Random): Promise<void> {
  // It throws NotSupported there.
  if (inWorker()) return;
  const options = random.below(3) === 0 ? {} : { timeout: random.below(10) };
  await connection.flushed(options);
}

/** Lets the process end for a moment, which changes the way of each wait. */
function blink(connection: PipeConnection): void {
  connection.unref();
  setTimeout(() => connection.ref(), 1);
}

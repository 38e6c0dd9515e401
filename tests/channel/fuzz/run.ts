/**
 * Writes random numbers into memory while a process uses it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { type Kind, TARGETS } from "./targets.ts";

/** Options of {@linkcode fuzz}. */
export interface Fuzz {
  /** The kind of memory. */
  kind: Kind;
  /** Whether another process writes all the time. Otherwise the user itself writes now and then. */
  isLive: boolean;
  /** The seed of the pseudorandom numbers. */
  seed: number;
  /** The number of times that the memory is opened. */
  rounds: number;
}

/**
 * Asserts that a process which uses the memory does not crash, makes all rounds and ends with code
 * 0.
 *
 * @returns The number of calls with each outcome.
 */
export async function fuzz({ kind, isLive, seed, rounds }: Fuzz): Promise<Record<string, number>> {
  const name = randomName();
  using _memory = TARGETS[kind].create(name);
  await using stack = new AsyncDisposableStack();
  if (isLive) {
    stack.use(await Peer.start("channel/fuzz/peers/hostile_writer.ts", kind, name, `${seed}`));
  }
  const words = [kind, name, `${seed}`, `${rounds}`, isLive ? "live" : "alone"];
  const user = stack.use(await Peer.start("channel/fuzz/peers/attacked_user.ts", ...words));
  let said = "";
  try {
    while (!said.startsWith("{")) said = await user.nextLine();
  } catch {
    // The exit code below says more.
  }
  const { code } = await user.gone();
  assertEquals(code, 0, `${words} ended with ${code} after round ${said}`);
  return JSON.parse(said);
}

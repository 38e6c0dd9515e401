/**
 * Memory that somebody writes arbitrary numbers into while a process uses it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { type Kind, TARGETS } from "./targets.ts";

/** What to do. */
export interface Fuzz {
  /** What kind of memory it is. */
  kind: Kind;
  /** Whether another process writes all the time, rather than the one that uses it now and then. */
  isLive: boolean;
  /** Where the numbers that look random begin. */
  seed: number;
  /** How often it is opened. */
  rounds: number;
}

/**
 * Asserts that a process stands it, which goes on for as long as it should, and ends as it should.
 *
 * @returns How often what came of something.
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
    // Its exit code says more.
  }
  const { code } = await user.gone();
  assertEquals(code, 0, `${words} ended with ${code} after round ${said}`);
  return JSON.parse(said);
}

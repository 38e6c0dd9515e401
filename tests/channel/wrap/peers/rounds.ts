/**
 * Runs rounds for tests/channel/wrap/rounds.ts: `rounds.ts SEED ROUNDS FLAGS`. It prints the seed
 * of each round at its beginning, and fails if a round is wrong.
 *
 * @module
 */

import { sendToTheEnd } from "../last_position.ts";
import { assertPassed, join, makeRing } from "../party.ts";
import { planOf } from "../plan.ts";
import { Peer } from "../../../support/peer.ts";
import { randomName } from "../../../support/random_name.ts";

const [first, rounds, ...flags] = Deno.args as [string, string, ...string[]];
const script = new URL("./other_party.ts", import.meta.url).href;
const permissions = ["--no-prompt", "--allow-ffi"];
await using other = await Peer.startProgram(
  Deno.execPath(),
  "run",
  ...flags,
  ...permissions,
  script,
);

for (let seed = Number(first); seed < Number(first) + Number(rounds); seed++) {
  const isApart = seed % 2 === 0;
  const plan = planOf(seed, isApart);
  console.log(`${seed} ${plan.kind}${isApart ? ", two processes" : ""}`);
  if (plan.kind === "broadcast") await sendToTheEnd(plan);
  const name = randomName();
  using _ring = makeRing(plan, name);
  if (isApart) await ask(`${seed} ${name}`);
  const act = join(plan, "here", name);
  await Promise.all([act(), isApart && ask("go")]);
  assertPassed(plan, name);
}
console.log("all");

/** Sends a line to the peer process and waits for the answer. An error has the peer's exit code. */
async function ask(line: string): Promise<void> {
  try {
    for (let said = await other.ask(line); said === "busy";) said = await other.nextLine();
  } catch (cause) {
    other.kill();
    const { code } = await other.gone();
    throw new Error(`The peer process ended with 0x${(code >>> 0).toString(16)}`, { cause });
  }
}

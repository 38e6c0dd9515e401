/**
 * Does rounds of tests/channel/wrap/rounds.ts: `rounds.ts SEED ROUNDS FLAGS`. Says which one it begins, and
 * ends by an error if anything is wrong.
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
const permissions = ["--no-prompt", "--allow-ffi", "--allow-read"];
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

/** Asks the other process, whose exit code says more than that it is gone. */
async function ask(line: string): Promise<void> {
  try {
    for (let said = await other.ask(line); said === "busy";) said = await other.nextLine();
  } catch (cause) {
    other.kill();
    const { code } = await other.gone();
    throw new Error(`The other process ended with 0x${(code >>> 0).toString(16)}`, { cause });
  }
}

// Task: test:model
import { assertGreater, assertRejects } from "@std/assert";
import { Explorer } from "./model/explore.ts";
import { loadCopy } from "./model/library_copy.ts";
import { WAKE_MUTANTS } from "./model/wake_mutants.ts";
import { WAKE_SCENARIOS } from "./model/wake_scenarios.ts";
import { Counterexample } from "./model/state.ts";

for (const [name, scenario] of Object.entries(WAKE_SCENARIOS)) {
  Deno.test(`In all orders of steps, no reader sleeps on: ${name}`, async () => {
    const { states, ends } = await new Explorer(await loadCopy(), scenario).explore();
    if (Deno.args.includes("count")) console.log(states, ends);
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

for (const [name, { scenario, ...change }] of Object.entries(WAKE_MUTANTS)) {
  Deno.test(`An order of steps is found in which a reader sleeps on: ${name}`, async () => {
    const explorer = new Explorer(await loadCopy(change), WAKE_SCENARIOS[scenario]);
    await assertRejects(() => explorer.explore(), Counterexample);
  });
}

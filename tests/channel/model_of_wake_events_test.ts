// Task: test:model
import { assertGreater } from "@std/assert";
import { Explorer } from "./model/explore.ts";
import { LIBRARY } from "./model/library.ts";
import { assertFound } from "./model/mutants.ts";
import { WAKE_MUTANTS } from "./model/wake_mutants.ts";
import { WAKE_SCENARIOS } from "./model/wake_scenarios.ts";

for (const [name, scenario] of Object.entries(WAKE_SCENARIOS)) {
  Deno.test(`In all orders of steps, no reader sleeps on: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, scenario).explore();
    if (Deno.args.includes("count")) console.log(states, ends);
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

for (const [name, { scenario, ...mutation }] of Object.entries(WAKE_MUTANTS)) {
  Deno.test(`The model finds that a reader sleeps on if ${name}`, async () => {
    await assertFound(mutation, WAKE_SCENARIOS[scenario]);
  });
}

// Task: test:model
import { assertGreater } from "@std/assert";
import { Explorer } from "./model/explore.ts";
import { FRAME_MUTANTS } from "./model/frame_mutants.ts";
import { FRAME_SCENARIOS } from "./model/frame_scenarios.ts";
import { LIBRARY } from "./model/library.ts";
import { assertFound } from "./model/mutants.ts";

for (const [name, scenario] of Object.entries(FRAME_SCENARIOS)) {
  Deno.test(`In all orders of steps, no frame is torn: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, scenario).explore();
    if (Deno.args.includes("count")) console.log(states, ends);
    assertGreater(states, 20);
    assertGreater(ends, 0);
  });
}

for (const [name, { scenario, ...mutation }] of Object.entries(FRAME_MUTANTS)) {
  Deno.test(`The model finds a torn frame or a lost slot if ${name}`, async () => {
    await assertFound(mutation, FRAME_SCENARIOS[scenario]);
  });
}

// Task: test:model
import { assertGreater } from "@std/assert";
import { loadChanged } from "./model/changed_library.ts";
import { Explorer } from "./model/explore.ts";
import { LIBRARY } from "./model/library.ts";
import { assertFound, MUTANTS } from "./model/mutants.ts";
import { SCENARIOS } from "./model/scenarios.ts";

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`In all orders of steps, nobody waits for ever and nothing is lost: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, scenario).explore();
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

Deno.test("In all orders of steps, one that blocks for a moment before it parks misses nothing", async () => {
  const library = await loadChanged({ leaveOut: "streak" });
  await new Explorer(library, SCENARIOS["sendSync() of one message, receive()"]).explore();
});

for (const [name, { scenario, ...mutation }] of Object.entries(MUTANTS)) {
  Deno.test(`An order of steps is found that shows: ${name}`, async () => {
    await assertFound(mutation, SCENARIOS[scenario]);
  });
}

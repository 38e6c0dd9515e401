// Task: test:model
import { assertGreater, assertRejects } from "@std/assert";
import { Explorer } from "./model/explore.ts";
import { loadCopy } from "./model/library_copy.ts";
import { MUTANTS } from "./model/mutants.ts";
import { SCENARIOS } from "./model/scenarios.ts";
import { Counterexample } from "./model/state.ts";

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`In all orders of steps, nobody waits for ever and nothing is lost: ${name}`, async () => {
    const { states, ends } = await new Explorer(await loadCopy(), scenario).explore();
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

Deno.test("In all orders of steps, one who stands still for a moment before it parks misses nothing", async () => {
  const library = await loadCopy({
    file: "src/channel/peer/wait.ts",
    from: "const STREAK = 3;",
    to: "const STREAK = 0;",
  });
  await new Explorer(library, SCENARIOS["sendSync() of one message, receive()"]).explore();
});

for (const [name, { scenario, ...change }] of Object.entries(MUTANTS)) {
  Deno.test(`An order of steps is found that shows: ${name}`, async () => {
    const explorer = new Explorer(await loadCopy(change), SCENARIOS[scenario]);
    await assertRejects(() => explorer.explore(), Counterexample);
  });
}

// Task: test:model
import { assertGreater } from "@std/assert";
import { loadChanged } from "./model/changed_library.ts";
import { Explorer } from "./model/explore.ts";
import { LIBRARY } from "./model/library.ts";
import { assertFound, MUTANTS } from "./model/mutants.ts";
import { SCENARIOS } from "./model/scenarios.ts";

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(`In all orders of steps, no end waits for ever and no message is lost: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, scenario).explore();
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

Deno.test("In all orders of steps, an end that blocks briefly before it parks misses no message", async () => {
  const library = await loadChanged({ leaveOut: "streak" });
  await new Explorer(library, SCENARIOS["sendSync() of one message, receive()"]).explore();
});

for (const [name, { scenario, ...mutation }] of Object.entries(MUTANTS)) {
  Deno.test(`The model finds a fault if ${name}`, async () => {
    await assertFound(mutation, SCENARIOS[scenario]);
  });
}

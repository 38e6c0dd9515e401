// Task: test:order
import { assertEquals, assertRejects } from "@std/assert";
import { LITMUS, LOAD_BUFFERING, resultsOf } from "./model/litmus.ts";
import { Counterexample } from "./model/state.ts";

for (const [name, litmus] of Object.entries(LITMUS)) {
  Deno.test(`The model of ARM64 has exactly the results of ARMv8: ${name}, because ${litmus.why}`, async () => {
    assertEquals(await resultsOf(litmus), [...litmus.results].sort());
  });
}

for (const [name, { threads, refused }] of Object.entries(LOAD_BUFFERING)) {
  Deno.test(`The model of ARM64 ${refused ? "refuses" : "accepts"} ${name}`, async () => {
    if (refused) await assertRejects(() => resultsOf({ threads }), Counterexample);
    else assertEquals(await resultsOf({ threads }), ["0 0", "0 1"]);
  });
}

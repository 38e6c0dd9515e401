// Task: test:order
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { atomicLines } from "./model/atomic_lines.ts";
import { Explorer } from "./model/explore.ts";
import { loadArmLibrary } from "./model/order_library.ts";
import { COULD_BE_PLAIN, NOT_MODELLED, ORDER_MUTANTS } from "./model/order_mutants.ts";
import { ORDER_SCENARIOS } from "./model/order_scenarios.ts";
import { Counterexample } from "./model/state.ts";

const library = await loadArmLibrary();

for (const [name, scenario] of Object.entries(ORDER_SCENARIOS)) {
  Deno.test(`With the memory order of ARM64, nothing is torn, lost or asleep: ${name}`, async () => {
    const explorer = new Explorer(library, scenario(library), { order: "arm" });
    const { states, ends, cut } = await explorer.explore();
    if (Deno.args.includes("count")) console.log(states, ends, cut);
    assertGreater(states, 20);
    assertGreater(ends, 0);
  });
}

for (const [name, { site, scenario }] of Object.entries(ORDER_MUTANTS)) {
  Deno.test(`The model of ARM64 finds a fault if ${name}`, async () => {
    const explorer = new Explorer(library, ORDER_SCENARIOS[scenario](library), {
      order: "arm",
      weakened: site,
    });
    await assertRejects(() => explorer.explore(), Counterexample);
  });
}

Deno.test("Each Atomics access is weakened by a fault, or a list says why not", () => {
  const lines = atomicLines();
  const files = new Set(lines.map((line) => line.split(":")[0]!));
  const weakened = Object.values(ORDER_MUTANTS).map(({ site }) => site);
  // The line that has the access comes first, and then the line that calls it.
  const known = [...weakened, ...Object.keys(COULD_BE_PLAIN), ...Object.keys(NOT_MODELLED)]
    .map((site) => site.split(/ in (?:channel|sync)\//)[0]!)
    .filter((line) => files.has(line.split(":")[0]!));
  assertEquals(lines.toSorted(), [...new Set(known)].toSorted());
});

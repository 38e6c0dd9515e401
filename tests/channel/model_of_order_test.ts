// Task: test:order
import { assertGreater } from "@std/assert";
import { Explorer } from "./model/explore.ts";
import { loadArmLibrary } from "./model/order_library.ts";
import { ORDER_SCENARIOS } from "./model/order_scenarios.ts";

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

// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { SharedMemory } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/shared_counter.ts adds the counts of several processes without a loss", async () => {
  const name = randomName();
  using held = SharedMemory.openOrCreate(name, 4, {
    initialize: (view) => new Int32Array(view.buffer)[0] = 5,
  });
  using view = held.map();
  const runs = await Promise.all(
    [1, 2, 3].map(() => runExample("shared_counter.ts", "--name", name, "--times", "100000")),
  );
  for (const { code, out, err } of runs) {
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Opened the counter, its value is ");
  }
  assertEquals(new Int32Array(view.buffer, 0, 1)[0], 300_005);
});

Deno.test("examples/shared_counter.ts creates the counter if it does not exist", async () => {
  const args = ["--name", randomName(), "--start", "100", "--times", "2", "--hold"];
  const { code, out } = await runExample("shared_counter.ts", ...args);
  assertEquals(code, 0);
  assertStringIncludes(out, "Created the counter, its value is 102");
  assertStringIncludes(out, "The counter is 102");
});

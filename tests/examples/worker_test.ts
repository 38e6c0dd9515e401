// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/worker.ts prints a picture that a Worker has drawn", async () => {
  const { code, out, err } = await runExample("worker.ts", "--rows", "13");
  assertEquals([code, err], [0, ""]);
  const lines = out.split("\n");
  assertEquals(lines.length, 14);
  // The set is symmetric, and its middle row has points that never leave.
  assertEquals(lines.slice(0, 13), lines.slice(0, 13).reverse());
  assertMatch(lines[6]!, /@{20,}/);
});

Deno.test("examples/worker.ts prints its usage", async () => {
  await assertPrintsUsage("worker.ts", "--rows", "x");
});

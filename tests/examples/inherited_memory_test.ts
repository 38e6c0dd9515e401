// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("examples/inherited_memory.ts counts primes with children that inherit its memory", async () => {
  const args = ["--below", "20000", "--children", "2"];
  const { code, out, err } = await runExample("inherited_memory.ts", ...args);
  assertEquals([code, err], [0, ""]);
  // The first child tests the even numbers.
  assertStringIncludes(out, "There are 2262 primes below 20000: 1 + 2261");
});

Deno.test("examples/inherited_memory.ts prints its usage", async () => {
  const { code, out } = await runExample("inherited_memory.ts", "--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "Usage:");
});

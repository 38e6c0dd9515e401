import { assertEquals, assertStringIncludes } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("examples/inherited_memory.ts counts primes by children that inherit its memory", async () => {
  const args = ["--below", "20000", "--children", "2"];
  const { code, out, err } = await runExample("inherited_memory.ts", ...args);
  assertEquals([code, err], [0, ""]);
  // Every even number but 2 is in the share of the first child.
  assertStringIncludes(out, "There are 2262 primes below 20000: 1 + 2261");
});

Deno.test("examples/inherited_memory.ts says how it is used", async () => {
  const { code, out } = await runExample("inherited_memory.ts", "--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "Usage:");
});

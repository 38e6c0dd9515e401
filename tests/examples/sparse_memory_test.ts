// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("examples/sparse_memory.ts writes and reads rows in 64 GiB of reserved memory", async () => {
  const { code, out, err } = await runExample("sparse_memory.ts");
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, `Reserved ${64 * 2 ** 30} bytes`);
  const stride = Math.floor(64 * 2 ** 30 / 5);
  for (const row of [0, 1, 2, 3, 4]) {
    assertStringIncludes(out, `At byte ${row * stride}: row ${row}`);
  }
});

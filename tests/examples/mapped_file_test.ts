// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/mapped_file.ts sorts the numbers of a file and shows them", async () => {
  const file = await Deno.makeTempFile({ prefix: "winipc-" });
  try {
    const numbers = Float64Array.of(3, -1, 2.5, 1e300, 0);
    await Deno.writeFile(file, new Uint8Array(numbers.buffer));
    const before = await runExample("mapped_file.ts", "show", "--file", file);
    assertStringIncludes(before.out, "sorted: false");
    const sorted = await runExample("mapped_file.ts", "sort", "--file", file);
    assertStringIncludes(sorted.out, "sorted 5 numbers");
    const after = await runExample("mapped_file.ts", "show", "--file", file);
    assertStringIncludes(after.out, "least: [ -1, 0, 2.5 ], greatest: 1e+300, sorted: true");
    assertEquals([before, sorted, after].map(({ code, err }) => code + err), ["0", "0", "0"]);
    const onDisk = new Float64Array((await Deno.readFile(file)).buffer);
    assertEquals(onDisk, numbers.sort());
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("examples/mapped_file.ts prints its usage", async () => {
  await assertPrintsUsage("mapped_file.ts", "sort");
});

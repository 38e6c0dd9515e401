// Task: test:examples

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { build, variables } from "../../examples/shared_section.ts";
import { SharedSection } from "../../mod.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/shared_section.ts adds to a count that several processes share", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const file = `${folder}\\visits.dll`;
  await Deno.writeFile(file, build());
  {
    using section = SharedSection.load(file, { exports: variables });
    const runs = await Promise.all(
      [1, 2].map(() =>
        runExample("shared_section.ts", "raise", "--file", file, "--times", "50000")
      ),
    );
    for (const { code, out, err } of runs) {
      assertEquals([code, err], [0, ""]);
      assertMatch(
        out,
        /^The last visit was by (nobody yet|process \d+) and the count is \d+\r?\n$/,
      );
    }
    assertEquals(section.variables.visits, 100_000);
    assertMatch(section.variables.last, /^process \d+$/);
  }
  const held = await runExample("shared_section.ts", "raise", "--file", file, "--hold");
  assertStringIncludes(held.out, "The last visit was by nobody yet and the count is 1");
  assertStringIncludes(held.out, "The count is 1");
  const { code, out } = await runExample("shared_section.ts", "inspect", "--file", file);
  assertEquals(code, 0);
  assertStringIncludes(out, "section .ASHARE: 132 bytes, shared by all processes");
  assertStringIncludes(out, "export visits in .ASHARE");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("examples/shared_section.ts reports a missing file, and prints its usage", async () => {
  const missing = await runExample("shared_section.ts", "raise", "--file", "C:\\not there.dll");
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.err, "NotFound");
  await assertPrintsUsage("shared_section.ts");
});

import { callRightly, callWrongly } from "./call.ts";
import { linkRows } from "./link_rows.ts";

Deno.test("Functions that make links refuse wrong kinds and misspelt options before they open anything", async () => {
  for (const row of linkRows()) await callWrongly(row);
});

if (Deno.build.os === "windows") {
  const { assertLeavesNoHandle } = await import("../support/leak.ts");

  Deno.test("Functions that make links leave no handles after wrong arguments, and accept right ones", async () => {
    await assertLeavesNoHandle(1, async () => {
      for (const row of linkRows()) {
        await callWrongly(row);
        await callRightly(row);
      }
    });
  });
}

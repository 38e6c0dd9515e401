// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/single_instance.ts opens the files of three starts in the first process", async () => {
  const args = ["--name", randomName(), "--count", "4"];
  const starts = [["a.png"], ["b.png", "c.png"], ["d.png"]];
  const all = await Promise.all(
    starts.map((files) => runExample("single_instance.ts", ...files, ...args)),
  );
  assertEquals(all.map(({ code, err }) => [code, err]), all.map(() => [0, ""]));
  const [first, ...others] = all.map(({ out }) => out).sort((a, b) => b.length - a.length);
  for (const out of others) assertMatch(out, /^Process \d+ has handed over [12] files\n$/);
  const opened = [...first!.matchAll(/^Process (\d+) opens (\w\.png) of .+$/gm)];
  assertEquals(opened.map(([, , file]) => file).sort(), ["a.png", "b.png", "c.png", "d.png"]);
  assertEquals(new Set(opened.map(([, pid]) => pid)).size, 1);
});

Deno.test("examples/single_instance.ts prints its usage", async () => {
  await assertPrintsUsage("single_instance.ts");
});

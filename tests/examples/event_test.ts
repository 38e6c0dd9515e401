// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/event.ts gives each job to one worker, and stops the workers", async () => {
  const name = randomName();
  const workers = [1, 2].map(() => runExample("event.ts", "work", "--name", name));
  const args = ["--name", name, "--jobs", "50", "--workers", "2"];
  const { code, out } = await runExample("event.ts", "give", ...args);
  assertEquals([code, out.trim()], [0, "All 50 jobs are done"]);
  let done = 0;
  for (const { out, err } of await Promise.all(workers)) {
    const [, count] = /Did (\d+) jobs, and ended: (?:stopped|the giver ended)/.exec(out) ?? [];
    assertEquals(err, "");
    done += Number(count);
  }
  assertEquals(done, 50);
});

Deno.test("examples/event.ts prints its usage", async () => {
  const { code, err } = await runExample("event.ts");
  assertEquals(code, 2);
  assertMatch(err, /^Usage: event\.ts work\|give/);
});

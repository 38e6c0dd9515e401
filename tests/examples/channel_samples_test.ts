// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/channel_samples.ts reads the samples of another process", async () => {
  const name = randomName();
  const [summary, recording] = await Promise.all([
    runExample("channel_samples.ts", "summarize", "--name", name),
    runExample("channel_samples.ts", "record", "--name", name, "--count", "300000"),
  ]);
  assertEquals(recording, { code: 0, out: "", err: "" });
  assertEquals([summary.code, summary.err], [0, ""]);
  const fastest = Math.max(
    ...Array.from({ length: 10_000 }, (_, sample) => 50 + 30 * Math.sin(sample / 1000)),
  );
  assertMatch(summary.out, /^300000 samples, [\d.]+ million per second/);
  assertEquals(summary.out.includes("the highest speed: 79.999"), fastest > 79.999);
});

Deno.test("examples/channel_samples.ts prints its usage", async () => {
  await assertPrintsUsage("channel_samples.ts");
});

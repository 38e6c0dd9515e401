// Task: test:examples

import { assertEquals } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/typed_messages.ts summarizes the samples of another process", async () => {
  const name = randomName();
  const [summary, measured] = await Promise.all([
    runExample("typed_messages.ts", "summarize", "--name", name),
    runExample("typed_messages.ts", "measure", "--name", name, "--count", "20000"),
  ]);
  assertEquals([measured.code, measured.err], [0, ""]);
  const lines = [6667, 6667, 6666].map((count, sensor) =>
    `Sensor ${sensor}: ${count} samples, at most 29 °C\n`
  );
  assertEquals(summary, { code: 0, out: lines.join(""), err: "" });
});

Deno.test("examples/typed_messages.ts prints its usage, and stops after --timeout", async () => {
  await assertPrintsUsage("typed_messages.ts");
  await assertTimesOut("typed_messages.ts", "summarize", "--name", randomName());
});

// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/window_messages.ts sends numbers, and receives numbers as answers", async () => {
  const args = ["--class", randomName()];
  const [answered, asked] = await Promise.all([
    runExample("window_messages.ts", "answer", ...args),
    runExample("window_messages.ts", "ask", ...args, "--add", "7"),
  ]);
  for (const { code, err } of [answered, asked]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(answered.out, "The score is 7n");
  assertStringIncludes(asked.out, "The version is 2, and the score is 7");
});

Deno.test("examples/window_messages.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("window_messages.ts", "ask", "--class", randomName());
  await assertPrintsUsage("window_messages.ts");
});

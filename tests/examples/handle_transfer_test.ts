// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/handle_transfer.ts shares numbers with a process that sorts them", async () => {
  const args = ["--class", randomName()];
  const [received, sent] = await Promise.all([
    runExample("handle_transfer.ts", "receive", ...args),
    runExample("handle_transfer.ts", "send", ...args, "5", "3.5", "8", "1e3"),
  ]);
  for (const { code, err } of [received, sent]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(received.out, "Sorted 4 numbers of process ");
  assertStringIncludes(sent.out, "Sorted: 3.5 5 8 1000");
});

Deno.test("examples/handle_transfer.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("handle_transfer.ts", "send", "--class", randomName());
  await assertPrintsUsage("handle_transfer.ts");
});

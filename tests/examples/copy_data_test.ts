// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/copy_data.ts sends a text, and receives an answer and a text", async () => {
  const args = ["--class", randomName()];
  const [received, sent] = await Promise.all([
    runExample("copy_data.ts", "receive", ...args),
    runExample("copy_data.ts", "send", ...args, "--text", "grüße, 数据"),
  ]);
  for (const { code, err } of [received, sent]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(received.out, 'Received "grüße, 数据"');
  assertStringIncludes(received.out, "Sent it back in upper case, and got the answer 2");
  assertStringIncludes(sent.out, 'The receiver answered 9 and sent back "GRÜSSE, 数据"');
});

Deno.test("examples/copy_data.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("copy_data.ts", "send", "--class", randomName());
  await assertPrintsUsage("copy_data.ts");
});

// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/message_window.ts sends a text to a window, and receives an answer", async () => {
  const args = ["--class", randomName()];
  const [received, sent] = await Promise.all([
    runExample("message_window.ts", "receive", ...args),
    runExample("message_window.ts", "send", ...args, "--text", "Grüße, 数据"),
  ]);
  for (const { code, err } of [received, sent]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(received.out, 'Received "Grüße, 数据"');
  assertStringIncludes(sent.out, "The receiver answered 9n");
});

Deno.test("examples/message_window.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("message_window.ts", "send", "--class", randomName());
  await assertPrintsUsage("message_window.ts");
});

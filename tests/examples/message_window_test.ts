import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/message_window.ts sends a text to a window and gets an answer", async () => {
  const args = ["--class", randomName()];
  const [received, sent] = await Promise.all([
    runExample("message_window.ts", "receive", ...args),
    runExample("message_window.ts", "send", ...args, "--text", "Grüße, 数据"),
  ]);
  for (const { code, err } of [received, sent]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(received.out, 'Received "Grüße, 数据"');
  assertStringIncludes(sent.out, "The receiver answered 9n");
});

Deno.test("examples/message_window.ts gives up after --timeout, and says how it is used", async () => {
  const args = ["--class", randomName(), "--timeout", "50"];
  const late = await runExample("message_window.ts", "send", ...args);
  assertEquals(late.code, 1);
  assertStringIncludes(late.err, "TimeoutError");
  const { code, err } = await runExample("message_window.ts");
  assertEquals(code, 2);
  assertStringIncludes(err, "Usage:");
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertGivesUp, assertSaysUsage, runExample } from "./run_example.ts";

Deno.test("examples/window_messages.ts asks by numbers and gets numbers", async () => {
  const args = ["--class", randomName()];
  const [answered, asked] = await Promise.all([
    runExample("window_messages.ts", "answer", ...args),
    runExample("window_messages.ts", "ask", ...args, "--add", "7"),
  ]);
  for (const { code, err } of [answered, asked]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(answered.out, "The score is 7n");
  assertStringIncludes(asked.out, "Version 2 says that the score is 7");
});

Deno.test("examples/window_messages.ts gives up after --timeout, and says how it is used", async () => {
  await assertGivesUp("window_messages.ts", "ask", "--class", randomName());
  await assertSaysUsage("window_messages.ts");
});

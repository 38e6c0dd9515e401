import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertGivesUp, assertSaysUsage, runExample } from "./run_example.ts";

Deno.test("examples/handle_transfer.ts has another process sort numbers in place", async () => {
  const args = ["--class", randomName()];
  const [received, sent] = await Promise.all([
    runExample("handle_transfer.ts", "receive", ...args),
    runExample("handle_transfer.ts", "send", ...args, "5", "3.5", "8", "1e3"),
  ]);
  for (const { code, err } of [received, sent]) assertEquals([code, err], [0, ""]);
  assertStringIncludes(received.out, "Sorted 4 numbers of process ");
  assertStringIncludes(sent.out, "Sorted: 3.5 5 8 1000");
});

Deno.test("examples/handle_transfer.ts gives up after --timeout, and says how it is used", async () => {
  await assertGivesUp("handle_transfer.ts", "send", "--class", randomName());
  await assertSaysUsage("handle_transfer.ts");
});

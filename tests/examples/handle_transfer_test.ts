import { assertEquals, assertStringIncludes } from "@std/assert";
import { randomName } from "../random_name.ts";
import { runExample } from "./run_example.ts";

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
  const args = ["--class", randomName(), "--timeout", "50"];
  const late = await runExample("handle_transfer.ts", "send", ...args);
  assertEquals(late.code, 1);
  assertStringIncludes(late.err, "TimeoutError");
  const { code, err } = await runExample("handle_transfer.ts");
  assertEquals(code, 2);
  assertStringIncludes(err, "Usage:");
});

// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { sendLines } from "../../examples/ring_channel.ts";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/ring_channel.ts receives its text back unchanged", async () => {
  const name = randomName();
  const lines = Array.from({ length: 20_000 }, (_, index) => `Line ${index}`.repeat(index % 7));
  const [{ lines: count, wrong }, echo] = await Promise.all([
    sendLines(name, lines, AbortSignal.timeout(30_000)),
    runExample("ring_channel.ts", "echo", "--name", name),
  ]);
  assertEquals([count, wrong], [20_000, 0]);
  assertEquals(echo, { code: 0, out: "Sent 20000 lines back\n", err: "" });
});

Deno.test("examples/ring_channel.ts sends a file, stops after --timeout, and prints its usage", async () => {
  const name = randomName();
  const file = decodeURIComponent(new URL("../../README.md", import.meta.url).pathname.slice(1));
  const [sent, echo] = await Promise.all([
    runExample("ring_channel.ts", "send", "--name", name, "--file", file, "--times", "3"),
    runExample("ring_channel.ts", "echo", "--name", name),
  ]);
  assertEquals([sent.code, echo.code], [0, 0]);
  assertMatch(sent.out, /^\d+ lines came back, 0 were wrong, \d+ thousand messages per second/);
  await assertTimesOut(
    "ring_channel.ts",
    "echo",
    "--name",
    randomName(),
  );
  await assertPrintsUsage("ring_channel.ts");
});

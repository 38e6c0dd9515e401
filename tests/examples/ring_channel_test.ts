import { assertEquals, assertMatch } from "@std/assert";
import { sendLines } from "../../examples/ring_channel.ts";
import { randomName } from "../support/random_name.ts";
import { assertGivesUp, assertSaysUsage, runExample } from "./run_example.ts";

Deno.test("examples/ring_channel.ts gets a text back as it sent it", async () => {
  const name = randomName();
  const lines = Array.from({ length: 20_000 }, (_, index) => `Line ${index}`.repeat(index % 7));
  const [{ lines: count, wrong }, echo] = await Promise.all([
    sendLines(name, lines, AbortSignal.timeout(30_000)),
    runExample("ring_channel.ts", "echo", "--name", name),
  ]);
  assertEquals([count, wrong], [20_000, 0]);
  assertEquals(echo, { code: 0, out: "20000 lines were sent back\n", err: "" });
});

Deno.test("examples/ring_channel.ts sends a file, gives up after --timeout, and says how it is used", async () => {
  const name = randomName();
  const file = decodeURIComponent(new URL("../../README.md", import.meta.url).pathname.slice(1));
  const [sent, echo] = await Promise.all([
    runExample("ring_channel.ts", "send", "--name", name, "--file", file, "--times", "3"),
    runExample("ring_channel.ts", "echo", "--name", name),
  ]);
  assertEquals([sent.code, echo.code], [0, 0]);
  assertMatch(sent.out, /^\d+ lines came back, 0 of them wrong: \d+ thousand messages a second/);
  await assertGivesUp(
    "ring_channel.ts",
    "echo",
    "--name",
    randomName(),
  );
  await assertSaysUsage("ring_channel.ts");
});

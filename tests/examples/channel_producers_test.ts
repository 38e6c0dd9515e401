// Task: test:examples

import { assertEquals } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/channel_producers.ts collects the primes of several workers", async () => {
  const name = randomName();
  const work = (from: string, to: string) =>
    runExample("channel_producers.ts", "work", "--name", name, "--from", from, "--to", to);
  const [collected, ...workers] = await Promise.all([
    runExample("channel_producers.ts", "collect", "--name", name, "--workers", "2"),
    work("0", "600000"),
    work("600000", "1000000"),
  ]);
  assertEquals(workers.map(({ code, err }) => [code, err]), [[0, ""], [0, ""]]);
  assertEquals(collected, { code: 0, out: "Received 78498 primes from 2 workers\n", err: "" });
});

Deno.test("examples/channel_producers.ts prints its usage", async () => {
  await assertPrintsUsage("channel_producers.ts");
});

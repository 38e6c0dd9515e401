// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { receive } from "../../examples/broadcast_ring.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/broadcast_ring.ts sends prices to several receivers in order, until it ends", async () => {
  const name = randomName();
  const script = new URL("../../examples/broadcast_ring.ts", import.meta.url).href;
  const sender = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, "send", "--name", name],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const args = ["receive", "--name", name, "--count", "20000"];
  const { out, code } = await runExample("broadcast_ring.ts", ...args);
  assertEquals(code, 0);
  assertMatch(out, /Received 20000 prices, missed \d+, 0 were out of order/);
  const rest = receive(name, Infinity, AbortSignal.timeout(20_000 * SLOWNESS));
  const { received, wrong } = await receive(name, 1000, AbortSignal.timeout(20_000 * SLOWNESS));
  assertEquals([received, wrong], [1000, 0]);
  await sender.stdin.close();
  assertEquals((await rest).wrong, 0);
  assertEquals((await sender.status).code, 0);
});

Deno.test("examples/broadcast_ring.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("broadcast_ring.ts", "receive", "--name", randomName());
  await assertPrintsUsage("broadcast_ring.ts");
});

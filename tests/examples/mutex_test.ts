// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { change, openLedger } from "../../examples/mutex.ts";
import { randomName } from "../support/random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/mutex.ts loses no change of three processes", async () => {
  const name = randomName();
  using opened = openLedger(name);
  const run = (who: number) =>
    runExample("mutex.ts", "--name", name, "--who", String(who), "--times", "200");
  const runs = await Promise.all([run(0), run(1), run(2)]);
  for (const { code, out, err } of runs) {
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Made 200 changes, repaired 0");
  }
  assertEquals([...opened.ledger.changes], [200, 200, 200]);
  assertEquals(opened.ledger.version, 600);
});

Deno.test("examples/mutex.ts repairs the struct after a process has died during a change", async () => {
  const name = randomName();
  using opened = openLedger(name);
  const signal = AbortSignal.timeout(30_000);
  const script = new URL("../../examples/mutex.ts", import.meta.url).href;
  const holder = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, "--name", name, "--stop"],
    stdin: "null",
    stdout: "piped",
    signal,
  }).spawn();
  const reader = holder.stdout.getReader();
  await reader.read();
  await reader.cancel();
  holder.kill("SIGKILL");
  await holder.status;
  assertEquals(opened.ledger.version, 999);
  const report = await change(name, { who: 2, times: 1, signal });
  assertEquals(report, { made: 1, repaired: 1, version: 1001 });
});

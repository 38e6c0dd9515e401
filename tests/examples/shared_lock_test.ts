// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { openBank, transfer } from "../../examples/shared_lock.ts";
import { randomName } from "../support/random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/shared_lock.ts loses no transfer of three processes", async () => {
  const name = randomName();
  using opened = openBank(name);
  const run = () => runExample("shared_lock.ts", "--name", name, "--times", "20000");
  const runs = await Promise.all([run(), run(), run()]);
  for (const { code, out, err } of runs) {
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Undid 0 transfers");
    assertStringIncludes(out, "the sum is 0");
  }
  assertEquals(opened.bank.transfers, 60_000);
});

Deno.test("examples/shared_lock.ts undoes the transfer of a process that has died", async () => {
  const name = randomName();
  using opened = openBank(name);
  const signal = AbortSignal.timeout(30_000);
  const script = new URL("../../examples/shared_lock.ts", import.meta.url).href;
  const flags = ["run", "--no-prompt", "--allow-ffi", script];
  const holder = new Deno.Command(Deno.execPath(), {
    args: [...flags, "--name", name, "--times", "1003", "--stop"],
    stdin: "null",
    stdout: "piped",
    signal,
  }).spawn();
  const reader = holder.stdout.getReader();
  await reader.read();
  await reader.cancel();
  holder.kill("SIGKILL");
  await holder.status;
  const { balances, transfers } = opened.bank;
  assertEquals([[...balances].reduce((sum, balance) => sum + balance, 0), transfers], [3, 1002]);
  const report = await transfer(name, { times: 1, signal });
  assertEquals(report, { undone: 1, transfers: 1003, sum: 0 });
});

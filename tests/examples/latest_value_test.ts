// Task: test:examples

import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { watch } from "../../examples/latest_value.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/latest_value.ts shows a watcher no torn value, and the last one", async () => {
  const name = randomName();
  const script = new URL("../../examples/latest_value.ts", import.meta.url).href;
  const driver = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, "drive", "--name", name],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const { out, code } = await runExample("latest_value.ts", "watch", "--name", name);
  assertEquals(code, 0);
  assertMatch(out, /Read \d+ values up to lap 100, 0 were torn/);
  const { values, torn, lap, driver: state } = await watch(
    name,
    100,
    AbortSignal.timeout(20_000 * SLOWNESS),
  );
  assertEquals([torn, lap, state], [0, 100, "alive"]);
  assertGreater(values, 0);
  const later = watch(name, 101, AbortSignal.timeout(20_000 * SLOWNESS));
  await driver.stdin.close();
  assertEquals((await driver.status).code, 0);
  assertEquals((await later).driver, "closed");
});

Deno.test("examples/latest_value.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut(
    "latest_value.ts",
    "watch",
    "--name",
    randomName(),
  );
  await assertPrintsUsage("latest_value.ts");
});

// Task: test:examples

import { assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { carsAt, draw, Game, redraw, show } from "../../examples/telemetry.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/telemetry.ts draws the game of another process, without a torn picture", async () => {
  const name = randomName();
  const script = new URL("../../examples/telemetry.ts", import.meta.url).href;
  const game = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, "simulate", "--name", name],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const args = ["show", "--name", name, "--frames", "60"];
  const { out, err, code } = await runExample("telemetry.ts", ...args);
  assertEquals([code, err], [0, ""]);
  const lines = out.trimEnd().split(/\r?\n/);
  assertEquals(lines.length, 6);
  assertMatch(lines[0]!, /^Race time \d+\.\d s$/);
  for (const line of lines.slice(1, 5)) {
    assertMatch(line, /^[A-Z][a-z]+ +█*░* +\d+ km\/h {2}gear \d$/);
  }
  assertMatch(lines[5]!, /^Drew \d+ pictures, 0 were torn$/);
  await game.stdin.close();
  assertEquals((await game.status).code, 0);
});

Deno.test("examples/telemetry.ts draws 60 pictures a second", async () => {
  const name = randomName();
  using game = new Game(name);
  game.publish(1.5);
  const start = performance.now();
  const { pictures, torn } = await show(name, 60, AbortSignal.timeout(20_000 * SLOWNESS));
  assertEquals([pictures, torn], [60, 0]);
  assertGreater(performance.now() - start, 950);
});

Deno.test("examples/telemetry.ts draws a bar of the speed's length", () => {
  const cars = [
    { name: "Ada", speed: 150, gear: 3 },
    { name: "Grace", speed: 400, gear: 6 },
    { name: "Katherine", speed: -12, gear: -1 },
  ];
  assertEquals(draw({ time: 1.25, cars }), [
    "Race time 1.3 s",
    `Ada        ${"█".repeat(14)}${"░".repeat(14)} 150 km/h  gear 3`,
    `Grace      ${"█".repeat(28)} 400 km/h  gear 6`,
    `Katherine  ${"░".repeat(28)} -12 km/h  gear -1`,
  ]);
});

Deno.test("docs/telemetry.md shows a picture of examples/telemetry.ts", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/telemetry.md", import.meta.url));
  const picture = draw({ time: 12.4, cars: carsAt(12.4) });
  assertStringIncludes(page.replaceAll("\r\n", "\n"), ["```text", ...picture, "```"].join("\n"));
});

Deno.test("examples/telemetry.ts draws a picture over the last one", () => {
  assertEquals(redraw(["a", "b"], 0), "a\nb\n");
  assertEquals(redraw(["a", "b"], 2), "\x1b[2Aa\x1b[K\nb\x1b[K\n");
});

Deno.test("examples/telemetry.ts stops after --timeout, and prints its usage", async () => {
  await assertTimesOut("telemetry.ts", "show", "--name", randomName());
  await assertPrintsUsage("telemetry.ts");
});

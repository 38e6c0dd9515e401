// Task: test:examples
//
// tests/machines/desk_test.ts runs the same scripts on two machines.

import { assertEquals } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { startProgram } from "../support/started_program.ts";
import { OUTPUTS, PRICES_ARGUMENTS } from "./desk_day.ts";
import { runExample } from "./run_example.ts";

/** Starts a script of the desk, and waits for its first line. */
function start(script: string, desk: string) {
  const url = new URL(`../../examples/desk/${script}`, import.meta.url).href;
  const args = ["run", "--no-prompt", "--allow-ffi", url, "--desk", desk];
  return startProgram(Deno.execPath(), args);
}

Deno.test("examples/desk: a feed, a strategy and a blotter trade for a day on one machine", async () => {
  const desk = randomName();
  const scripts = ["blotter.ts", "strategy.ts"].map((script) => start(script, desk));
  await using blotter = await scripts[0]!;
  await using strategy = await scripts[1]!;
  const prices = await runExample("desk/prices.ts", "--desk", desk, ...PRICES_ARGUMENTS);
  assertEquals(prices, { code: 0, out: OUTPUTS.prices, err: "" });
  assertEquals(await strategy.end(), { code: 0, out: OUTPUTS.strategy, err: "" });
  assertEquals(await blotter.end(), { code: 0, out: OUTPUTS.blotter, err: "" });
});

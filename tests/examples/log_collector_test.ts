// Task: test:examples

import { assert, assertEquals } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

const script = new URL("../../examples/log_collector.ts", import.meta.url).href;

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, ...args],
    stdin: "piped",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
}

Deno.test("examples/log_collector.ts loses no line when a collector crashes, and repeats one", async () => {
  const name = randomName();
  const logger = start("log", "--name", name);
  const crashed = await runExample("log_collector.ts", "collect", "--name", name, "--crash", "20");
  assertEquals([crashed.code, crashed.err], [9, ""]);
  const before = crashed.out.trim().split("\n");
  assertEquals(before.map((line) => Number(line.split(" ")[0])), [...Array(21).keys()]);

  const collector = start("collect", "--name", name);
  const lines = collector.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const after: string[] = [];
  for await (const line of lines) {
    after.push(line);
    if (after.length === 30) break;
  }
  collector.kill();
  await logger.stdin.close();
  await within("the logger ends", logger.output(), 30_000);
  await Promise.all([collector.stdin.close(), collector.status]);
  assertEquals(
    after.map((line) => Number(line.split(" ")[0])),
    [...Array(30).keys()].map((n) => n + 20),
  );
  // The line at which the collector crashed is the same again.
  assertEquals(after[0], before.at(-1));
  assert(after.every((line) => / line \d+ of process \d+$/.test(line)), after.join("\n"));
});

Deno.test("examples/log_collector.ts prints its usage", async () => {
  await assertPrintsUsage("log_collector.ts");
});

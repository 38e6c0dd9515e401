// Task: test:examples
//
// The script that README.md and docs/command.md use to show the command winipc.

import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { BroadcastRing } from "../../src/channel/mod.ts";
import { winipc } from "../cli/winipc.ts";
import { soon } from "../support/soon.ts";
import { assertPrintsUsage } from "./run_example.ts";

const script = new URL("../../examples/sensors.ts", import.meta.url).href;
const schema = Deno.realPathSync(new URL("../../examples/sensors.json", import.meta.url));

Deno.test("examples/sensors.ts shares values and a log with winipc until its event is set", async () => {
  const name = randomName();
  const example = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--allow-ffi", script, "--name", name],
      stdout: "piped",
      stderr: "piped",
    });
  const child = example().spawn();
  const dump = ["dump", name, "--schema", schema, "--format", "json"];
  const tail = ["tail", `${name}.log`, "--as", "text", "--count", "2"];
  // The example creates the ring after the memory.
  (await BroadcastRing.waitFor(`${name}.log`, soon)).close();
  const [values, lines, listed, second] = await Promise.all([
    winipc(dump, { flags: ["--allow-ffi", "--allow-read"] }),
    winipc(tail),
    winipc(["ls", `${name}*`, "--json"]),
    example().output(),
  ]);
  const sent = await winipc(["send", `event:${name}.stop`]);
  const { code, stdout } = await child.output();
  assertEquals([values.code, lines.code, listed.code, sent.code, code], [0, 0, 0, 0, 0]);
  const { state, tick, temperature } = JSON.parse(values.out).value;
  assertEquals(state, "running");
  assertGreater(tick, 0);
  assertEquals(temperature, Math.fround(60 + 8 * Math.sin(tick / 40)));
  assertEquals(lines.out.match(/^tick \d+0: \d\d\.\d °C$/gm)?.length, 2);
  for (const suffix of ["", ".log", ".stop"]) {
    assertStringIncludes(listed.out, `"${name}${suffix}"`);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertStringIncludes(text(stdout), "Stopped after ");
  assertEquals([second.code, text(second.stdout), text(second.stderr)], [
    1,
    "",
    `Another process shares ${name} already: winipc send event:${name}.stop stops it; or take ` +
    "another --name\n",
  ]);
});

Deno.test("examples/sensors.ts prints its usage without a name", async () => {
  await assertPrintsUsage("sensors.ts");
});

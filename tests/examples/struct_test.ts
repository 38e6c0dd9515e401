// Task: test:examples

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { read, Telemetry, write } from "../../examples/struct.ts";
import { SharedMemory } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/struct.ts reads the struct that another process wrote", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, Telemetry.byteLength);
  const reading = runExample("struct.ts", "read", "--name", name);
  write(memory, 4);
  const { code, out, err } = await reading;
  assertEquals([code, err], [0, ""]);
  const expected = ["frame: 240", 'track: "Spa-Francorchamps"', "stops: 3", "gear: -1", "28.01"];
  for (const text of expected) assertStringIncludes(out, text);
});

Deno.test("examples/struct.ts refuses a struct with a different layout", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, Telemetry.byteLength);
  using view = memory.map();
  view.bytes[0] = 1;
  await assertRejects(
    () => read(name, AbortSignal.timeout(10_000)),
    Deno.errors.InvalidData,
    `Expected "${name}" to have the layout of this version`,
  );
});

Deno.test("examples/struct.ts writes and declares its struct, and prints its usage", async () => {
  const written = await runExample("struct.ts", "write", "--name", randomName());
  assertEquals([written.code, written.err], [0, ""]);
  assertStringIncludes(written.out, `Wrote ${Telemetry.byteLength} bytes`);
  const declared = await runExample("struct.ts", "declare");
  assertStringIncludes(declared.out, "    wchar_t track[32];\n");
  assertStringIncludes(declared.out, "    int32_t gear : 4;\n");
  await assertPrintsUsage("struct.ts");
});

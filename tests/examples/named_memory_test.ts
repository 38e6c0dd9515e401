// Task: test:examples

import { assertEquals, assertStringIncludes } from "@std/assert";
import { SharedMemory } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { assertPrintsUsage, assertTimesOut, runExample } from "./run_example.ts";

Deno.test("examples/named_memory.ts counts the words of another process's text", async () => {
  const name = randomName();
  const text = "to share or not to share ünd so weiter";
  const [asked, counted] = await Promise.all([
    runExample("named_memory.ts", "ask", "--name", name, "--text", text),
    runExample("named_memory.ts", "count", "--name", name),
  ]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  for (const { code, out, err } of [asked, counted]) {
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "words: 9");
    assertStringIncludes(out, new Uint8Array(digest).toHex());
  }
});

Deno.test("examples/named_memory.ts refuses a text length that is out of range", async () => {
  for (const length of [-1, 2 ** 31 - 1]) {
    const name = randomName();
    using memory = SharedMemory.create(name, 4096);
    using view = memory.map();
    new Int32Array(view.buffer, 0, 2).set([1, length]);
    const { code, err } = await runExample("named_memory.ts", "count", "--name", name);
    assertEquals(code, 1);
    assertStringIncludes(err, "InvalidData: Expected a text that fits into the memory");
    assertStringIncludes(err, `its length is ${length} bytes`);
  }
});

Deno.test("examples/named_memory.ts stops after --timeout, and prints its usage", async () => {
  const name = randomName();
  await assertTimesOut("named_memory.ts", "count", "--name", name);
  await assertPrintsUsage("named_memory.ts");
});

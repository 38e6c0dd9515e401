import { assertEquals, assertStringIncludes } from "@std/assert";
import { SharedMemory } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { assertGivesUp, assertSaysUsage, runExample } from "./run_example.ts";

Deno.test("examples/named_memory.ts counts the words that another process shares", async () => {
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

Deno.test("examples/named_memory.ts does not believe a length that another process wrote", async () => {
  for (const length of [-1, 2 ** 31 - 1]) {
    const name = randomName();
    using memory = SharedMemory.create(name, 4096);
    using view = memory.map();
    new Int32Array(view.buffer, 0, 2).set([1, length]);
    const { code, err } = await runExample("named_memory.ts", "count", "--name", name);
    assertEquals(code, 1);
    assertStringIncludes(err, `InvalidData: The memory cannot hold a text of ${length} bytes`);
  }
});

Deno.test("examples/named_memory.ts gives up after --timeout, and says how it is used", async () => {
  const name = randomName();
  await assertGivesUp("named_memory.ts", "count", "--name", name);
  await assertSaysUsage("named_memory.ts");
});

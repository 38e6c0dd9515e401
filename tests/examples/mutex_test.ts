import { assertEquals, assertStringIncludes } from "@std/assert";
import { SharedMemory, SharedMutex } from "../../mod.ts";
import { randomName } from "../random_name.ts";
import { runExample } from "./run_example.ts";

Deno.test("examples/mutex.ts keeps the sum, with several processes and after one has died", async () => {
  const name = randomName();
  using _memory = SharedMemory.openOrCreate(name, 8, {
    initialize: (view) => new Int32Array(view.buffer)[0] = 1_000_000,
  });
  using _mutex = SharedMutex.create(`${name}-mutex`);
  const runs = await Promise.all(
    [1, 2, 3].map(() => runExample("mutex.ts", "--name", name, "--times", "300")),
  );
  for (const { code, err, out } of runs) {
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, "Moved 300, mended 0;");
  }
  assertEquals((await runExample("mutex.ts", "--name", name, "--times", "1", "--die")).code, 3);
  const { out } = await runExample("mutex.ts", "--name", name, "--times", "1");
  assertStringIncludes(out, "Moved 1, mended 1; there are 902 on the right");
});

// Task: test:examples

import { assertEquals, assertMatch } from "@std/assert";
import { connectRing } from "../../src/channel/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";

Deno.test("examples/ring_server.ts answers each client with the mean of its measurements", async () => {
  const name = randomName();
  const measure = (...values: string[]) =>
    runExample("ring_server.ts", "measure", ...values, "--name", name);
  const [served, first, second] = await Promise.all([
    runExample("ring_server.ts", "serve", "--name", name, "--clients", "2"),
    measure("3", "4", "5"),
    measure("10", "20"),
  ]);
  assertEquals(first, {
    code: 0,
    out: "{ count: 1, mean: 3 }\n{ count: 2, mean: 3.5 }\n{ count: 3, mean: 4 }\n",
    err: "",
  });
  assertEquals(second, {
    code: 0,
    out: "{ count: 1, mean: 10 }\n{ count: 2, mean: 15 }\n",
    err: "",
  });
  assertEquals(served, { code: 0, out: "Served 2 clients with 5 measurements\n", err: "" });
});

Deno.test("examples/ring_server.ts goes on after a client that sends nonsense", async () => {
  const name = randomName();
  const serving = runExample("ring_server.ts", "serve", "--name", name, "--clients", "2");
  {
    using client = await connectRing(name, { waitForServer: true, ...soon });
    await client.sender.send(Uint8Array.of(1), soon);
    assertEquals(await client.receiver.receive(soon), undefined);
  }
  const { out } = await runExample("ring_server.ts", "measure", "8", "--name", name);
  assertEquals(out, "{ count: 1, mean: 8 }\n");
  const served = await serving;
  assertMatch(served.err, /^Process \d+: RangeError/);
  assertEquals([served.code, served.out], [0, "Served 2 clients with 1 measurements\n"]);
});

Deno.test("examples/ring_server.ts prints its usage", async () => {
  await assertPrintsUsage("ring_server.ts");
});

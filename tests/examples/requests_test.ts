// Task: test:examples

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { calculator } from "../../examples/requests.ts";
import { connectName } from "../../src/rpc/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { assertPrintsUsage, runExample } from "./run_example.ts";
import { startServer } from "./start_server.ts";

Deno.test("examples/requests.ts answers a call, a stream and an error, and its end fails a call", async () => {
  const name = randomName();
  const script = new URL("../../examples/requests.ts", import.meta.url).href;
  const args = ["run", "--no-prompt", "--allow-ffi", script, "serve", name];
  await using server = await startServer(Deno.execPath(), args);
  const asked = runExample("requests.ts", "ask", "22", "7", name);
  await using client = await connectName<typeof calculator>(name, soon);
  assertEquals(await client.call("divide", [1, 4], soon), 0.25);
  await assertRejects(() => client.call("divide", [1, 0]), RangeError, "division by zero");
  assertEquals(await asked, {
    code: 0,
    out: `quotient ${22 / 7}\ndigits 1 4 2 8 5 7 1 4\n`,
    err: "",
  });
  const items = client.stream("digits", [1, 3])[Symbol.asyncIterator]();
  assertEquals((await items.next()).value, 3);
  const killed = performance.now();
  await server.kill();
  await within(
    "the stream fails",
    assertRejects(async () => {
      while (!(await items.next()).done);
    }, Deno.errors.ConnectionReset),
  );
  assert(performance.now() - killed < 10_000);
});

Deno.test("examples/requests.ts prints its usage", async () => {
  await assertPrintsUsage("requests.ts");
});

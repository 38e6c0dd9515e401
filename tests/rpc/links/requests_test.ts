// Calls and streams over each link, between real processes.

import { assertEquals, assertRejects } from "@std/assert";
import { client } from "../../../src/rpc/mod.ts";
import { within } from "../../support/within.ts";
import { KINDS } from "./kinds.ts";
import type { handlers } from "./peers/handlers.ts";

const soon = { timeout: 20_000 };

for (const { name, open } of KINDS) {
  Deno.test(`Calls and streams go over ${name}, and fail at once when the peer is killed`, async () => {
    await using other = await open(name === "a Worker" ? "worker_server.ts" : "server.ts");
    await using server = client<typeof handlers>(other.link);
    assertEquals(await server.call("add", [1, 2], soon), 3);
    await assertRejects(() => server.call("fail", undefined, soon), RangeError, "on purpose");
    const numbers: number[] = [];
    for await (const number of server.stream("count", 200)) numbers.push(number);
    assertEquals(numbers, Array.from({ length: 200 }, (_, number) => number));
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, number) => server.call("add", [number, 1], soon)),
    );
    assertEquals(sums, numbers.slice(1, 101));
    const waiting = assertRejects(
      () => within("the call fails", server.call("wait")),
      Deno.errors.ConnectionReset,
    );
    assertEquals(await server.call("add", [2, 2], soon), 4);
    other.kill();
    await waiting;
    await within("the client is closed", server.closed);
  });
}

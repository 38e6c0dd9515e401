/**
 * Measures a call over each kind of link. The service is in another process, or in a Worker.
 *
 * `deno task report:rpc` measures calls over rings, beside a bare round trip.
 *
 * @module
 */

import { client } from "../src/rpc/mod.ts";
import { KINDS } from "../tests/rpc/links/kinds.ts";
import type { handlers } from "../tests/rpc/links/peers/handlers.ts";

for (const { name, open } of KINDS) {
  const other = await open(name === "a Worker" ? "worker_server.ts" : "server.ts");
  const server = client<typeof handlers>(other.link);
  await server.call("add", [1, 2]);
  // The bench ends when its last case is measured.
  server.unref();
  globalThis.addEventListener("unload", () => other.kill());

  Deno.bench(`call() over ${name}`, { group: "call" }, async () => {
    await server.call("add", [1, 2]);
  });

  Deno.bench(`10 calls at once over ${name}`, { group: "10 calls at once" }, async () => {
    await Promise.all(Array.from({ length: 10 }, (_, number) => server.call("add", [number, 1])));
  });
}

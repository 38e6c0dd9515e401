/**
 * Measures a call through a NATS server, beside a bare request of the NATS client. Needs
 * `--allow-net=127.0.0.1`, and nats-server.
 *
 * @module
 */

import { openCallers } from "./callers.ts";

const callers = await openCallers();
globalThis.addEventListener("unload", () => void callers[Symbol.asyncDispose]());

for (const count of [1, 10]) {
  for (const way of ["bare", "call"] as const) {
    const name = way === "bare" ? "request() of the NATS client" : "call() over NATS";
    const options = { group: `${count} at once`, baseline: way === "bare" };
    Deno.bench(`${name}, ${count} at once`, options, async () => {
      await Promise.all(Array.from({ length: count }, () => callers[way](64)));
    });
  }
}

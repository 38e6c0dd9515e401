/**
 * Compares calls through a NATS server with bare requests of the NATS client:
 *
 *     deno run --no-prompt --allow-ffi --allow-read --allow-write --allow-run \
 *       --allow-net=127.0.0.1 bench/bridge/requests_report.ts
 *
 * The caller and the service are two processes, and the NATS server is a third one. The rounds are
 * interleaved, in alternating order, and medians are compared.
 *
 * @module
 */

import { reportGroup } from "../report_group.ts";
import { openCallers } from "./callers.ts";

/** A number of requests under way, the bytes of each, and the number of requests in a round. */
const GROUPS: readonly (readonly [together: number, length: number, count: number])[] = [
  [1, 64, 200],
  [1, 4096, 200],
  [100, 64, 2000],
];

await using callers = await openCallers();
for (const [together, length, count] of GROUPS) {
  const measure = (way: "bare" | "call") => async () => {
    const begin = performance.now();
    for (let done = 0; done < count; done += together) {
      await Promise.all(Array.from({ length: together }, () => callers[way](length)));
    }
    return [(performance.now() - begin) * 1e6 / count];
  };
  await reportGroup({
    name: `${length} bytes there and back, ${together} at once: the time of each`,
    cases: {
      "request() of the NATS client": { measure: measure("bare") },
      "call() over NATS": { measure: measure("call") },
    },
  });
}

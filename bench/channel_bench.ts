/**
 * Compares channels with C. The two ends of a channel are two processes, and one iteration is a run
 * of many messages. `deno task report:channel` shows more: also Boost, and the limits for each
 * case.
 *
 * @module
 */

import { GROUPS } from "./channel_cases.ts";
import { ChannelPair, deletePrograms } from "./channel_pair.ts";

for (const { name: group, cases, count, ...task } of GROUPS) {
  for (const [index, [name, { program, way }]] of Object.entries(cases).entries()) {
    if (program === "boost_queue.cpp") continue;
    Deno.bench(
      `${name}: ${count} times`,
      { group, baseline: index === 0, n: 4, warmup: 1 },
      async (bench) => {
        try {
          await using pair = await ChannelPair.start(program, { ...task, way });
          // Warms up V8 in both processes.
          await pair.run(count);
          bench.start();
          await pair.run(count);
          bench.end();
        } finally {
          await deletePrograms();
        }
      },
    );
  }
}

/**
 * What channels cost beside C, both ends of each in processes of their own; what is timed is a run of
 * many messages. `deno task report:channel` tells more, sets Boost beside them, and how much is asked
 * of which.
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
          // V8 has to have seen it before.
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

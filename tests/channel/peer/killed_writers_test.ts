// Task: test:faults

import { assertGreater } from "@std/assert";
import { killWriters, type SleepKind } from "./killed_writers.ts";

// tests/channel/at_length.ts runs more rounds.

const KINDS: Record<SleepKind, string> = {
  latest: "LatestReader.changes()",
  broadcast: "BroadcastReceiver.receive()",
};

for (const kind of ["latest", "broadcast"] as const) {
  Deno.test(`${KINDS[kind]} wakes each of 40 readers after a writer was killed`, async () => {
    assertGreater(await killWriters({ kind, rounds: 3, seed: 61 }), 0);
  });
}

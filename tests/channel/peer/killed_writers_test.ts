import { assertGreater } from "@std/assert";
import { killWriters, type SleepKind } from "./killed_writers.ts";

// For more rounds see tests/channel/at_length.ts.

const KINDS: Record<SleepKind, string> = {
  latest: "LatestValue.changes()",
  broadcast: "BroadcastReceiver.receive()",
};

for (const kind of ["latest", "broadcast"] as const) {
  Deno.test(`Of 40 readers that sleep in ${KINDS[kind]}, none sleeps on after a writer is killed`, async () => {
    assertGreater(await killWriters({ kind, rounds: 6, seed: 61 }), 0);
  });
}

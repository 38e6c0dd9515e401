import { assertEquals } from "@std/assert";
import { randomName } from "../random_name.ts";
import { runPeer } from "../run_peer.ts";

const USES = [
  "view",
  "bytes",
  "view of a part",
  "data",
  "private buffer",
  "struct",
  "broadcast sender",
  "broadcast receiver",
  "ring sender",
  "ring receiver",
  "latest writer",
  "latest reader",
];

for (const use of USES) {
  Deno.test(`a name stays while only a ${use} needs it, and goes with it`, async () => {
    assertEquals(await runOwner(use, "goes"), ["unused: true", "used: 20 true", "forgotten: true"]);
  });
}

// A lock and a wait that are forgotten go on.
for (const use of ["mutex lock", "wait for an event"]) {
  Deno.test(`a name stays while only a ${use} needs it`, async () => {
    assertEquals(await runOwner(use, "stays"), ["unused: true", "used: 20 true"]);
  });
}

async function runOwner(use: string, goes: "goes" | "stays"): Promise<string[]> {
  const flags = ["--v8-flags=--expose-gc", "--allow-read"];
  return await runPeer("collected_owner.ts", [use, randomName(), goes], { flags });
}

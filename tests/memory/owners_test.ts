import { assertEquals } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";

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
  "variable of an inheritance scope",
  "handle of an inheritance scope",
  "read-only memory",
  "iterator of changes",
  "iterator of messages",
  "stream of messages",
  "stream to a channel",
];

for (const use of USES) {
  Deno.test(`SharedMemory keeps its name while only a ${use} uses it, and not longer`, async () => {
    assertEquals(await runOwner(use, "goes"), ["unused: true", "used: 20 true", "forgotten: true"]);
  });
}

// These uses do not end with their objects: a handle put into a process stays open, and a lock or
// a wait continues.
for (
  const use of [
    "duplicate elsewhere",
    "mutex lock",
    "wait for an event",
    "wait for any of two",
    "receive from a broadcast ring",
    "receive from a channel",
  ]
) {
  Deno.test(`SharedMemory keeps its name while only a ${use} uses it`, async () => {
    assertEquals(await runOwner(use, "stays"), ["unused: true", "used: 20 true"]);
  });
}

async function runOwner(use: string, goes: "goes" | "stays"): Promise<string[]> {
  const flags = ["--v8-flags=--expose-gc"];
  return await runPeer("memory/peers/collected_owner.ts", [use, randomName(), goes], { flags });
}

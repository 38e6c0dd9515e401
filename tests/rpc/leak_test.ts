// Task: test:faults

import { assert, assertEquals } from "@std/assert";
import { runPeer } from "../support/run_peer.ts";

/** Maximum growth of a heap for other reasons, in bytes: 3 bytes for each of 100,000 calls. */
const ALLOWED = 300_000;

Deno.test("100,000 calls and streams leave no memory and no listener behind", async () => {
  const flags = ["--v8-flags=--expose-gc"];
  const [line] = await runPeer("rpc/peers/heap_after_calls.ts", [], { flags });
  const [grown, listeners] = line!.split(" ").map(Number);
  assertEquals(listeners, 0);
  assert(grown! < ALLOWED, `The heap has grown by ${grown} bytes`);
});

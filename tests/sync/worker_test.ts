// Task: test:peers

import { assertEquals, assertRejects } from "@std/assert";
import { SharedEvent, SharedMutex } from "../../mod.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { soon } from "../support/soon.ts";

/** Starts a Worker that uses the objects with these names, and waits until the Worker has begun. */
async function start(
  what: "hold" | "echo",
  ...names: string[]
): Promise<Disposable> {
  const begun = randomName();
  using ready = SharedEvent.create(begun);
  const url = peerUrl("sync/peers/worker.ts");
  const worker = new Worker(url, { type: "module", name: [what, begun, ...names].join(" ") });
  await ready.wait(soon);
  return { [Symbol.dispose]: () => worker.terminate() };
}

Deno.test("A Worker that is terminated abandons the mutex that it holds", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  {
    using _worker = await start("hold", name);
    assertEquals(mutex.tryLock(), undefined);
    await assertRejects(() => mutex.lock({ timeout: 50 }), Deno.errors.TimedOut);
  }
  using lock = await mutex.lock(soon);
  assertEquals(lock.abandoned, true);
});

Deno.test("Workers that are terminated during waits for events or children do not crash the process", async () => {
  const options = { flags: ["--allow-read", "--allow-run"] };
  assertEquals(await runPeer("sync/peers/end_waiting_workers.ts", [], options), ["still there"]);
});

Deno.test("waitSync() in the main script does not delay the waits of a Worker", async () => {
  const names = [randomName(), randomName()] as const;
  using there = SharedEvent.create(names[0]);
  using back = SharedEvent.create(names[1]);
  using _worker = await start("echo", ...names);
  // The system's threads for these waits are blocked until this thread runs again.
  const signalled = SharedEvent.anonymous({ reset: "manual", signalled: true });
  const waits = Array.from({ length: 100 }, () => signalled.wait(soon));
  there.set();
  back.waitSync(soon);
  await Promise.all(waits);
  signalled.close();
});

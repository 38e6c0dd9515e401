import { assertEquals, assertRejects } from "@std/assert";
import { SharedEvent, SharedMutex } from "../../mod.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";

const soon = { timeout: 20_000 };

/** Starts a Worker that does something with the objects of two names, and waits until it has begun. */
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

Deno.test("a Worker that is ended abandons the mutex that it holds", async () => {
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

Deno.test("Workers that are ended while they wait for events or children take nothing along", async () => {
  const options = { flags: ["--allow-read", "--allow-run"] };
  assertEquals(await runPeer("sync/peers/end_waiting_workers.ts", [], options), ["still there"]);
});

Deno.test("a script that blocks in waitSync() does not hold up the waits of a Worker", async () => {
  const names = [randomName(), randomName()] as const;
  using there = SharedEvent.create(names[0]);
  using back = SharedEvent.create(names[1]);
  using _worker = await start("echo", ...names);
  // Their threads of the system's stand still until this one runs again.
  const signalled = SharedEvent.anonymous({ reset: "manual", signalled: true });
  const waits = Array.from({ length: 100 }, () => signalled.wait(soon));
  there.set();
  back.waitSync(soon);
  await Promise.all(waits);
  signalled.close();
});

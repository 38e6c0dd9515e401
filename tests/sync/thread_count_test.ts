// Task: test:peers

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { SharedEvent, SharedSemaphore } from "../../mod.ts";
import { countThreads } from "../support/count_threads.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { SLOWNESS } from "../support/slowness.ts";

const WAITS = 500;
/**
 * Maximum number of new threads. One thread for each 63 waits makes 8, and Deno starts more threads
 * for each of them.
 */
const MAX_THREADS = 40;
/** Much, because the start of the threads takes long on a busy machine. */
const soon = { timeout: 60_000 * SLOWNESS };

for (const kind of ["without a signal", "with a signal"]) {
  Deno.test(`${WAITS} waits ${kind} take few threads, and each ends once`, async () => {
    const events = Array.from({ length: WAITS }, () => SharedEvent.anonymous());
    using semaphore = SharedSemaphore.anonymous();
    const { signal } = new AbortController();
    const options = kind === "with a signal" ? { ...soon, signal } : soon;
    const before = countThreads();
    assert(before > 0);
    const waits = events.map((event) => event.wait(options));
    // When a later wait has ended, all of these waits have begun.
    semaphore.release();
    await semaphore.wait(options);
    const pending = countThreads();
    assertLess(pending - before, MAX_THREADS);
    // Deno's own pool is free during the waits.
    await Deno.stat(Deno.execPath());
    for (const event of events) event.set();
    assertLess(countThreads() - before, MAX_THREADS);
    await Promise.all(waits);
    for (const event of events) {
      await assertRejects(() => event.wait({ timeout: 0 }), Deno.errors.TimedOut);
      event.close();
    }
  });
}

Deno.test("Pending waits keep the process alive until unref()", async () => {
  for (const how of ["unref", "exit"]) {
    assertEquals(await runPeer("sync/peers/pending_waits.ts", [how, randomName()]), [
      "ready",
    ]);
  }
  const name = randomName();
  using event = SharedEvent.create(name, { reset: "manual" });
  await using peer = await Peer.start("sync/peers/pending_waits.ts", "ref", name);
  event.set();
  assertEquals(await peer.nextLine(), "all of them");
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("Waits that need a thread need no permission but --allow-ffi", async () => {
  assertEquals(await runPeer("sync/peers/wait_on_thread.ts"), ["locked", "signalled 0", "waited"]);
});

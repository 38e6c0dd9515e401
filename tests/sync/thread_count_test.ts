import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { SharedEvent, SharedSemaphore } from "../../mod.ts";
import { countThreads } from "../support/count_threads.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";

const WAITS = 500;
/** One for 63 waits is 8, each beside what Deno itself starts for a Worker. */
const MAX_THREADS = 40;
const flags = { flags: ["--allow-read"] };
const soon = { timeout: 20_000 };

for (const kind of ["without a signal", "with a signal"]) {
  Deno.test(`${WAITS} waits ${kind} take few threads, and each is let go once`, async () => {
    const events = Array.from({ length: WAITS }, () => SharedEvent.anonymous());
    using semaphore = SharedSemaphore.anonymous();
    const { signal } = new AbortController();
    const options = kind === "with a signal" ? { ...soon, signal } : soon;
    const before = countThreads();
    assert(before > 0);
    const waits = events.map((event) => event.wait(options));
    // They are all begun when one that was begun later is over.
    semaphore.release();
    await semaphore.wait(options);
    const pending = countThreads();
    assertLess(pending - before, MAX_THREADS);
    // Deno's own pool is free meanwhile.
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

Deno.test("pending waits let the process end after unref(), and hold it before", async () => {
  for (const how of ["unref", "exit"]) {
    assertEquals(await runPeer("sync/peers/pending_waits.ts", [how, randomName()], flags), [
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

Deno.test("what needs a thread says so where none can start, and the rest works", async () => {
  assertEquals(await runPeer("sync/peers/wait_without_read.ts"), [
    "waited and locked",
    ...Array(4).fill("NotCapable"),
  ]);
});

// Task: test:peers

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { SharedEvent, SharedMemory, SharedMutex, SharedSemaphore } from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { runPeer } from "../support/run_peer.ts";
import { soon } from "../support/soon.ts";
import { STOP, takeUntilStopped } from "./peers/take.ts";

const ROUNDS = 200;
const TIMES = 300;

/** Two events, and a peer that answers the first by the second. */
class Pair implements AsyncDisposable {
  readonly there = SharedEvent.create(randomName());
  readonly back = SharedEvent.create(randomName());
  readonly peer: Promise<Peer>;

  constructor(pause: number) {
    const names = [this.there.name!, this.back.name!];
    this.peer = Peer.start("sync/peers/answerer.ts", ...names, `${pause}`);
  }

  async goThereAndBack(times: number): Promise<void> {
    await this.peer;
    for (let time = 0; time < times; time++) {
      this.there.set();
      await this.back.wait(soon);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.peer)[Symbol.asyncDispose]();
    this.there.close();
    this.back.close();
  }
}

for (const [pause, way] of [[0, "block briefly"], [3, "use a pool thread"]] as const) {
  Deno.test(`SharedEvent.wait() takes no signal between two waits that ${way}`, async () => {
    await using pair = new Pair(pause);
    await using other = await Peer.start("sync/peers/waits_once.ts", pair.back.name!);
    for (let round = 0; round < 10; round++) {
      await pair.goThereAndBack(pause === 0 ? 20 : 4);
      // This script awaits other things now, and the other process gets the signal.
      const taken = other.ask("");
      pair.back.set();
      assertEquals(await taken, "taken");
      await new Promise((resolve) => setTimeout(resolve, 1));
      await assertRejects(() => pair.back.wait({ timeout: 0 }), Deno.errors.TimedOut);
    }
  });
}

Deno.test("Each set() and each token ends exactly one wait of two processes that give up half of their waits", async () => {
  using event = SharedEvent.create(randomName());
  using semaphore = SharedSemaphore.create(randomName());
  using memory = SharedMemory.create(randomName(), 12);
  using view = memory.map();
  const counts = new Int32Array(view.buffer);
  const names = [event.name!, semaphore.name!, memory.name!];
  await using peer = await Peer.start("sync/peers/taker.ts", ...names);
  const takers = [0, 1].flatMap((index) => {
    const object = index === 0 ? event : semaphore;
    return Array.from({ length: 3 }, () => takeUntilStopped(object, counts, index));
  });
  const until = async (index: number, count: number) => {
    const deadline = performance.now() + soon.timeout;
    while (Atomics.load(counts, index) < count) {
      assert(performance.now() < deadline, `${counts[index]} of ${count}`);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  for (let time = 1; time <= TIMES; time++) {
    event.set();
    if (time % 10 === 0) semaphore.release(10);
    // A set() of an event that is set changes nothing, so the next one has to wait.
    await until(0, time);
  }
  await until(1, TIMES);
  Atomics.store(counts, STOP, 1);
  await Promise.all(takers);
  assertEquals(await peer.nextLine(), "done");
  assertEquals([...counts.subarray(0, 2)], [TIMES, TIMES]);
  await assertRejects(() => event.wait({ timeout: 0 }), Deno.errors.TimedOut);
  await assertRejects(() => semaphore.wait({ timeout: 0 }), Deno.errors.TimedOut);
});

Deno.test("SharedEvent.wait() that is aborted as the event is set either takes the signal or leaves it", async () => {
  await using pair = new Pair(3);
  let [taken, left] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    // The next wait uses a pool thread.
    if (round % 20 === 0) await pair.goThereAndBack(2);
    const controller = new AbortController();
    const wait = pair.back.wait({ ...soon, signal: controller.signal });
    const isTaken = wait.then(() => true, () => false);
    // In some rounds the pool thread has begun to wait, and in the other rounds it has not.
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 3));
    if (round % 4 < 2) pair.back.set();
    controller.abort();
    if (round % 4 >= 2) pair.back.set();
    if (await isTaken) {
      taken++;
      await assertRejects(() => pair.back.wait({ timeout: 0 }), Deno.errors.TimedOut);
    } else {
      left++;
      // A pool thread that took the signal, and was slow to report that, gives it back.
      await pair.back.wait(soon);
    }
  }
  assert(taken > 0 && left > 0, `${taken} taken, ${left} left`);
});

Deno.test("Timers, files and a server go on while a script waits for an event again and again", async () => {
  await using pair = new Pair(0);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("served"),
  );
  let [ticks, isOver] = [0, false];
  const timer = setInterval(() => ticks++, 1);
  const waiting = (async () => {
    while (!isOver) await pair.goThereAndBack(1);
  })();
  try {
    for (let round = 0; round < 10; round++) {
      const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
      assertEquals(await response.text(), "served");
      await Deno.stat(new URL(import.meta.url));
    }
    assertGreater(ticks, 10);
  } finally {
    isOver = true;
    clearInterval(timer);
    await waiting;
  }
});

Deno.test("A wait or a lock that ends at once, again and again, lets timers go on", async () => {
  using event = SharedEvent.anonymous({ reset: "manual", signalled: true });
  using unset = SharedEvent.anonymous();
  using semaphore = SharedSemaphore.anonymous({ initial: 1 });
  using mutex = SharedMutex.anonymous();
  const ways = [
    () => event.wait(),
    () => event.wait({ timeout: 0 }),
    () => assertRejects(() => unset.wait({ timeout: 0 }), Deno.errors.TimedOut),
    async () => {
      await semaphore.wait();
      semaphore.release();
    },
    async () => (await mutex.lock()).release(),
    async () => {
      const first = mutex.lock();
      const second = mutex.lock();
      (await first).release();
      (await second).release();
    },
  ];
  for (const way of ways) {
    let isOver = false;
    const timer = setTimeout(() => isOver = true, 20);
    const deadline = performance.now() + soon.timeout;
    while (!isOver) {
      await way();
      assert(performance.now() < deadline, `${way}: the timer does not fire`);
    }
    clearTimeout(timer);
  }
});

Deno.test("A peer that is killed while it waits again and again takes no later signal", async () => {
  for (let round = 0; round < 3; round++) {
    await using pair = new Pair(0);
    await pair.goThereAndBack(20);
    const peer = await pair.peer;
    peer.kill();
    await peer.gone();
    pair.there.set();
    await pair.there.wait({ timeout: 0 });
    await assertRejects(() => pair.back.wait({ timeout: 50 }), Deno.errors.TimedOut);
  }
});

Deno.test("A Worker that is terminated while it waits again and again takes no later signal", async () => {
  for (let round = 0; round < 3; round++) {
    using there = SharedEvent.create(randomName());
    using back = SharedEvent.create(randomName());
    using begun = SharedEvent.create(randomName());
    const name = ["answer", begun.name, there.name, back.name].join(" ");
    const worker = new Worker(peerUrl("sync/peers/worker.ts"), { type: "module", name });
    await begun.wait(soon);
    for (let time = 0; time < 20; time++) {
      there.set();
      await back.wait(soon);
    }
    worker.terminate();
    // A wait thread of the Worker looks for the Worker's end. On a busy machine, a Worker that has
    // not ended can be late for its next wait. So a single signal that it leaves says little.
    const deadline = performance.now() + soon.timeout;
    for (let left = 0; left < 10;) {
      there.set();
      try {
        // If the Worker still waits, it takes the signal, and may answer it.
        await back.wait({ timeout: 20 });
        left = 0;
      } catch {
        left = await there.wait({ timeout: 0 }).then(() => left + 1, () => 0);
      }
      assert(performance.now() < deadline);
    }
    there.set();
    await assertRejects(() => back.wait({ timeout: 100 }), Deno.errors.TimedOut);
    there.waitSync({ timeout: 0 });
  }
});

Deno.test("unref() and close() reach a wait that uses a pool thread", async () => {
  await using pair = new Pair(3);
  await pair.goThereAndBack(2);
  const wait = pair.back.wait();
  await new Promise((resolve) => setTimeout(resolve, 1));
  pair.back.unref();
  pair.back.set();
  await wait;
  pair.back.ref();
  await pair.goThereAndBack(2);
  const closed = pair.back.wait();
  await new Promise((resolve) => setTimeout(resolve, 1));
  pair.back.close();
  await assertRejects(() => closed, Deno.errors.BadResource, "was closed while it was waited for");
  assertEquals(await runPeer("sync/peers/unref_in_use.ts"), ["ready"]);
});

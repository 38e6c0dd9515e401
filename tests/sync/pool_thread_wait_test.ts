// Alone: measures times while all threads of Deno's pool are busy.

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { SharedEvent } from "../../mod.ts";
import { ParkedWait } from "../../src/sync/pool_thread_wait.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { openLibrary } from "../support/open_library.ts";
import { soon } from "../support/soon.ts";

Deno.test("ParkedWait.wait() resets the event, whether it is set before the wait or during it", async () => {
  using event = SharedEvent.anonymous();
  using first = new ParkedWait(event);
  event.set();
  assert(await first.wait(soon));
  // If no pool thread was free in time, the script reset the event itself, and the wait is stopped.
  using wait = first.isStopped ? new ParkedWait(event) : first;
  const waiting = wait.wait(soon);
  event.set();
  assert(await waiting);
  assertEquals(await wait.wait({ timeout: 1 }), false);
});

Deno.test("ParkedWait.wait() rejects with the reason of its signal", async () => {
  using event = SharedEvent.anonymous();
  using wait = new ParkedWait(event);
  const signal = AbortSignal.abort(new Error("on purpose"));
  await assertRejects(() => wait.wait({ ...soon, signal }), Error, "on purpose");
  assert(!wait.isStopped);
  const controller = new AbortController();
  const waiting = wait.wait({ ...soon, signal: controller.signal });
  controller.abort(new Error("on purpose"));
  await assertRejects(() => waiting, Error, "on purpose");
  assert(wait.isStopped);
  assertEquals(await wait.wait(soon), false);
});

Deno.test("ParkedWait.stop() leaves the event set if it is set afterwards", async () => {
  using event = SharedEvent.anonymous();
  for (let round = 0; round < 300; round++) {
    const wait = new ParkedWait(event);
    const waiting = wait.wait({});
    // In some rounds the pool thread has begun to wait, and in the other rounds it has not.
    if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    wait.stop();
    event.set();
    event.waitSync({ timeout: 0 });
    assertEquals(await waiting, false);
    assertEquals(await wait.wait({}), false);
  }
});

Deno.test("ParkedWait.wait() throws BadResource when the event is closed, and leaves no handle behind", async () => {
  const event = SharedEvent.anonymous();
  using wait = new ParkedWait(event);
  const waiting = wait.wait({});
  event.close();
  await assertRejects(() => waiting, Deno.errors.BadResource, "was closed while it was waited for");
  await assertLeavesNoHandle(100, async () => {
    const event = SharedEvent.anonymous();
    const wait = new ParkedWait(event);
    const waiting = wait.wait(soon);
    wait.stop();
    event.close();
    assertEquals(await waiting, false);
  });
});

Deno.test("ParkedWait gives the event back if the event is closed as it is set", async () => {
  let undone = 0;
  for (let round = 0; round < 20; round++) {
    const event = SharedEvent.anonymous();
    using same = SharedEvent.fromHandle(event.duplicateTo(Deno.pid).value);
    const undo = () => {
      undone++;
      same.set();
    };
    using wait = new ParkedWait(event, { undo });
    const waiting = wait.wait({});
    await new Promise((resolve) => setTimeout(resolve, 2));
    same.set();
    event.close();
    await assertRejects(() => waiting, Deno.errors.BadResource, "was closed");
    await same.wait(soon);
  }
  assert(undone > 0);
});

Deno.test("ParkedWait.isPossible leaves half of Deno's pool threads free", async () => {
  using stack = new DisposableStack();
  const waits: Promise<boolean>[] = [];
  while (ParkedWait.isPossible) {
    const wait = stack.use(new ParkedWait(stack.use(SharedEvent.anonymous())));
    waits.push(wait.wait({}));
  }
  const before = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => Deno.stat(new URL(import.meta.url))));
  assertLess(performance.now() - before, 5000);
  stack.dispose();
  assertEquals(await Promise.all(waits), waits.map(() => false));
  // The pool threads report their ends only when the system has run them again.
  const deadline = performance.now() + soon.timeout;
  while (!ParkedWait.isPossible && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert(ParkedWait.isPossible);
});

Deno.test("ParkedWait.wait() ends in time even while all of Deno's pool threads are busy", async () => {
  using library = openLibrary("kernel32.dll", {
    Sleep: { parameters: ["u32"], result: "void", nonblocking: true },
  });
  const before = performance.now();
  const busy = Array.from(
    { length: navigator.hardwareConcurrency * 4 },
    () => library.symbols.Sleep(4000),
  );
  using event = SharedEvent.anonymous();
  using set = new ParkedWait(event);
  const waiting = set.wait({});
  event.set();
  assert(await waiting);
  assert(set.isStopped);
  assert(!ParkedWait.isPossible);
  using late = new ParkedWait(event);
  assertEquals(await late.wait({ timeout: 50 }), false);
  using aborted = new ParkedWait(event);
  const signal = AbortSignal.timeout(50);
  await assertRejects(() => aborted.wait({ signal }), DOMException);
  const stopped = new ParkedWait(event);
  setTimeout(() => stopped.stop(), 50);
  assertEquals(await stopped.wait({}), false);
  assertLess(performance.now() - before, 3000);
  await Promise.all(busy);
  // The stopped waits begin on their pool threads only now. They must leave the event set.
  event.set();
  while (!ParkedWait.isPossible) await new Promise((resolve) => setTimeout(resolve, 1));
  event.waitSync({ timeout: 0 });
});

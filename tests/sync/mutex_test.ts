import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { SharedMutex, waitAny } from "../../mod.ts";
import { EVENT_LOOP } from "../../src/wait/event_loop.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

Deno.test("SharedMutex.lock() gives one task of a script the lock at a time, in order, over several handles", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  using other = SharedMutex.open(name);
  using third = SharedMutex.fromHandle(mutex.duplicateTo(Deno.pid).value);
  const order: number[] = [];
  let inside = 0;
  await Promise.all(Array.from({ length: 30 }, async (_, index) => {
    using lock = await [mutex, other, third][index % 3]!.lock(soon);
    assertEquals([++inside, lock.abandoned], [1, false]);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve));
    order.push(index);
    inside--;
  }));
  assertEquals(order, order.toSorted((a, b) => a - b));
});

Deno.test("SharedMutex.lockSync() throws WouldBlock and tryLock() returns undefined while a task has the lock", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  using other = SharedMutex.open(name);
  {
    using _lock = mutex.lockSync(soon);
    assertEquals(other.tryLock(), undefined);
    assertThrows(() => other.lockSync(), Deno.errors.WouldBlock, "use lock()");
    await assertRejects(() => other.lock({ timeout: 20 }), Deno.errors.TimedOut);
  }
  {
    using lock = await other.lock(soon);
    assertEquals(mutex.tryLock(), undefined);
    assertThrows(() => mutex.lockSync(), Deno.errors.WouldBlock);
    lock.release();
    // The wait thread that held the mutex releases it without the event loop.
    mutex.lockSync(soon).release();
  }
  const lock = other.tryLock();
  assert(lock !== undefined);
  const waiting = mutex.lock(soon);
  lock.release();
  (await waiting).release();
  assertThrows(() => lock.release(), Deno.errors.BadResource, "the lock is released already");
  lock[Symbol.dispose]();
});

Deno.test("SharedMutex.lock() can be cancelled, and later tasks still get the lock", async () => {
  using mutex = SharedMutex.anonymous();
  const first = await mutex.lock(soon);
  const controller = new AbortController();
  const given = [mutex.lock({ signal: controller.signal }), mutex.lock({ timeout: 10 })];
  const patient = mutex.lock(soon);
  controller.abort(new Error("on purpose"));
  await assertRejects(() => given[0]!, Error, "on purpose");
  await assertRejects(() => given[1]!, Deno.errors.TimedOut);
  assertEquals(mutex.tryLock(), undefined);
  first.release();
  const lock = await patient;
  assertFalse(lock.released);
  lock.release();
  assert(lock.released);
  // The mutex is free, so even a lock with a timeout of 0 gets it.
  (await mutex.lock({ timeout: 0 })).release();
});

Deno.test("SharedMutex.close() ends waits for the mutex, and a held lock keeps it", async () => {
  const name = randomName();
  const mutex = SharedMutex.create(name);
  const lock = await mutex.lock(soon);
  const waiting = mutex.lock();
  mutex.close();
  await assertRejects(() => waiting, Deno.errors.BadResource, "was closed");
  await assertRejects(() => mutex.lock(), Deno.errors.BadResource, "is closed");
  // The lock still holds the mutex.
  using again = SharedMutex.open(name);
  assertEquals(again.tryLock(), undefined);
  lock.release();
  (await again.lock(soon)).release();
});

Deno.test("SharedMutex leaves no handle behind", async () => {
  await assertLeavesNoHandle(20, async () => {
    using mutex = SharedMutex.create(randomName());
    const lock = await mutex.lock(soon);
    const waiting = mutex.lock();
    await assertRejects(() => mutex.lock({ timeout: 1 }), Deno.errors.TimedOut);
    mutex.close();
    await assertRejects(() => waiting, Deno.errors.BadResource);
    lock.release();
    using other = SharedMutex.anonymous();
    other.tryLock()?.release();
    (await other.lock(soon)).release();
  });
});

Deno.test("SharedMutex.lock() that is cancelled as it is granted either holds the mutex or fails, 3000 times", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  using other = SharedMutex.open(name);
  let [inside, held, given] = [0, 0, 0];
  const attempt = async (index: number) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), index % 3 === 0 ? index % 4 : 1000);
    if (index % 3 === 1) queueMicrotask(() => controller.abort());
    const { signal } = controller;
    const wait = index % 5 === 0
      ? waitAny([other], { signal }).then(({ lock }) => lock!)
      : [mutex, other][index % 2]!.lock({ timeout: index % 7, signal });
    try {
      using _lock = await wait;
      assertEquals(++inside, 1);
      await Promise.resolve();
      inside--;
      held++;
    } catch (error) {
      assert(signal.aborted || error instanceof Deno.errors.TimedOut, `${error}`);
      given++;
    } finally {
      clearTimeout(timer);
    }
  };
  for (let round = 0; round < 200; round++) {
    await Promise.all(Array.from({ length: 15 }, (_, index) => attempt(round * 15 + index)));
  }
  assertEquals(held + given, 3000);
  assert(held > 100 && given > 100, `${held} held, ${given} given up`);
  // Not lockSync(): a released lock of waitAny() still counts until the event loop has run.
  (await mutex.lock(soon)).release();
});

Deno.test("SharedMutex.lock() of a free mutex makes this thread its owner, also after a wait for another process", async () => {
  using library = openLibrary("kernel32.dll", {
    WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
    ReleaseMutex: { parameters: ["usize"], result: "i32" },
  });
  const { WaitForSingleObject, ReleaseMutex } = library.symbols;
  const name = randomName();
  using mutex = SharedMutex.create(name);
  /** Only a thread that owns the mutex gets it again. */
  const isOwner = () => {
    if (WaitForSingleObject(mutex.unsafeHandle, 0) !== 0) return false;
    assertEquals(ReleaseMutex(mutex.unsafeHandle), 1);
    return true;
  };
  {
    using _lock = await mutex.lock(soon);
    assert(isOwner());
  }
  await using peer = await Peer.start("sync/peers/lock_holder.ts", name);
  const waiting = mutex.lock(soon);
  // lock() can let the event loop run several times before it looks.
  for (let turn = 0; turn < 20; turn++) await EVENT_LOOP.turn();
  assertEquals(await peer.ask("release"), "released");
  const lock = await waiting;
  assertFalse(isOwner());
  lock.release();
  // The wait thread may not have released the mutex yet.
  using _again = await mutex.lock({ timeout: 0 });
  assert(isOwner());
});

Deno.test("SharedMutex.lock() does not overtake an earlier task when the mutex is released", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  using other = SharedMutex.open(name);
  const order: string[] = [];
  const first = await mutex.lock(soon);
  const lockAs = async (task: string, asked: SharedMutex) => {
    using _lock = await asked.lock(soon);
    order.push(task);
    await new Promise((resolve) => setTimeout(resolve));
  };
  const tasks = [lockAs("second", other), lockAs("third", mutex)];
  first.release();
  assertEquals(mutex.tryLock(), undefined);
  tasks.push(lockAs("fourth", mutex), lockAs("fifth", other));
  await Promise.all(tasks);
  assertEquals(order, ["second", "third", "fourth", "fifth"]);
});

Deno.test("MutexLock.abandoned is true after a process was killed with a lock of lock()", async () => {
  const name = randomName();
  using mutex = SharedMutex.create(name);
  await using peer = await Peer.start("sync/peers/lock_holder.ts", name);
  assertEquals(mutex.tryLock(), undefined);
  peer.kill();
  await peer.gone();
  using lock = await mutex.lock(soon);
  assert(lock.abandoned);
});

Deno.test("SharedMutex keeps out another copy of the module on the same thread", async () => {
  // The query makes Deno load mutex.ts a second time, with claims of its own.
  const copy = await import("../../src/sync/mutex.ts?copy");
  const name = crypto.randomUUID();
  using mutex = SharedMutex.create(name);
  using other = copy.SharedMutex.open(name);
  const lock = await mutex.lock();
  assertEquals(other.tryLock(), undefined);
  assertThrows(() => other.lockSync(), Deno.errors.WouldBlock, "use lock()");
  const wait = other.lock(soon);
  await assertRejects(() => other.lock({ timeout: 50 }), Deno.errors.TimedOut);
  lock.release();
  using _theirs = await wait;
  assertEquals(mutex.tryLock(), undefined);
});

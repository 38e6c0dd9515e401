import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  array,
  LatestValue,
  readConsistent,
  sharedLock,
  SharedMemory,
  sharedReadWriteLock,
  struct,
  union,
  type WaitOptions,
} from "../../../mod.ts";
import { currentThread } from "../../../ffi/process_thread.ts";
import {
  READ_WRITE_LOCK_LENGTH,
  ReadWriteWords,
} from "../../../src/sync/shared_lock/read_write_lock.ts";
import { type LockSystem, SYSTEM } from "../../../src/sync/shared_lock/word.ts";
import { randomName } from "../../support/random_name.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { State } from "./peers/state.ts";

/** Returns a new state in memory of this process. */
function newState() {
  const memory = new ArrayBuffer(State.byteLength);
  return { memory, state: State.view(memory) };
}

Deno.test("SharedLock.tryLock() returns undefined while the lock is held, also by another view", () => {
  const { memory, state } = newState();
  const other = State.view(memory);
  const held = state.lock.tryLock();
  assertEquals([held?.abandoned, held?.lock === state.lock], [false, true]);
  assertEquals([state.lock.tryLock(), other.lock.tryLock()], [undefined, undefined]);
  assertEquals(state.lock.holder, Deno.pid);
  held?.release();
  assertEquals([held?.released, state.lock.holder], [true, undefined]);
  using again = other.lock.tryLock();
  assert(again);
});

Deno.test("HeldLock.release() throws if the lock is released already, and disposal does not", () => {
  const { state } = newState();
  const held = state.lock.tryLock()!;
  held.release();
  using _other = state.lock.tryLock();
  assertThrows(() => held.release(), Deno.errors.BadResource, "released already");
  held[Symbol.dispose]();
  assertEquals(state.lock.holder, Deno.pid);
});

Deno.test("SharedLock.lock() gives the lock to the tasks of a script in order", async () => {
  const { state } = newState();
  const order: number[] = [];
  const first = await state.lock.lock(soon);
  const tasks = [1, 2, 3].map(async (number) => {
    using _lock = await state.lock.lock(soon);
    order.push(number);
  });
  assertEquals(state.lock.tryLock(), undefined);
  first.release();
  assertEquals(state.lock.tryLock(), undefined, "a task waits for the lock");
  await Promise.all(tasks);
  assertEquals(order, [1, 2, 3]);
  state.lock.tryLock()!.release();
});

Deno.test("SharedLock.lock() ends at its timeout and by its signal, and the event loop keeps running", async () => {
  const { state } = newState();
  using _held = state.lock.tryLock();
  await assertRejects(
    () => state.lock.lock({ timeout: 0 }),
    Deno.errors.TimedOut,
    `Waited 0 ms for lock "lock": a task of this thread holds it`,
  );
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await assertRejects(() => state.lock.lock({ timeout: 200 }), Deno.errors.TimedOut, "200 ms");
  clearInterval(timer);
  assert(turns > 10 / SLOWNESS, `the event loop had ${turns} turns in 200 ms`);
  const abort = new AbortController();
  const waits = [1, 2].map(() => state.lock.lock({ signal: abort.signal }));
  abort.abort(new Error("enough"));
  for (const wait of waits) await assertRejects(() => wait, Error, "enough");
  await assertRejects(() => state.lock.lock({ signal: abort.signal }), Error, "enough");
});

Deno.test("A wait for a lock rejects with its signal's reason also at the end of a look", async () => {
  const { state: { lock, pair } } = newState();
  using _held = lock.tryLock();
  using _reader = pair.tryLockRead();
  const waits = [
    (options: WaitOptions) => lock.lock(options),
    (options: WaitOptions) => pair.lockWrite(options),
  ];
  for (const wait of waits) {
    const abort = new AbortController();
    const ended = wait({ signal: abort.signal });
    await new Promise((resolve) => setTimeout(resolve, 10));
    // The wait looks again after 50 ms. Here that timer and the signal's are due in the same turn.
    setTimeout(() => abort.abort(new Error("enough")), 60);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await assertRejects(() => ended, Error, "enough");
  }
});

Deno.test("A script that takes a free lock again and again lets the event loop run", async () => {
  const { state: { lock, pair } } = newState();
  const ways = [() => lock.lock(), () => pair.lockRead(), () => pair.lockWrite()];
  for (const [index, take] of ways.entries()) {
    let isOver = false;
    setTimeout(() => isOver = true, 20);
    const end = performance.now() + soon.timeout;
    while (!isOver && performance.now() < end) {
      using _held = await take();
    }
    assertEquals([index, isOver], [index, true]);
  }
});

Deno.test("A reader asks nobody between the steps that free its place, where a Worker could end", () => {
  const words = new Int32Array(READ_WRITE_LOCK_LENGTH / 4);
  const [process, start] = [12, 13];
  const states: boolean[] = [];
  const system: LockSystem = {
    get self() {
      states.push(words[process] !== 0 && words[start] === 0);
      return SYSTEM.self;
    },
    looks: 0,
    eventLoop: SYSTEM.eventLoop,
    now: () => 0,
    hasEnded: () => false,
    randomWord: () => 1,
    openEvent: (name) => SYSTEM.openEvent(name),
    setEvent: () => {},
  };
  const lock = new ReadWriteWords(words, system);
  lock.endRead(lock.tryRead());
  assertEquals([words[process], states.includes(true)], [0, false]);
});

Deno.test("SharedLock.lockSync() refuses to wait for a task of its own thread", async () => {
  const { memory, state } = newState();
  using held = await state.lock.lock(soon);
  for (const { lock } of [state, State.view(memory)]) {
    assertThrows(() => lock.lockSync(soon), Deno.errors.WouldBlock, "await the lock");
  }
  held.release();
  state.lock.lockSync({ timeout: 0 }).release();
});

Deno.test("SharedLock.lock() takes over a lock whose words are nonsense, as abandoned", async () => {
  for (const holder of [0x7fff_fff0, 0x7fff_fff3, -4, 6]) {
    for (const start of [0, 7]) {
      const { memory, state } = newState();
      new Int32Array(memory).set([holder, start, 5, -1, 0, -1, 1, 2]);
      using held = await state.lock.lock(soon);
      assertEquals([holder, held.abandoned], [holder, true]);
      held.release();
      assertEquals(state.lock.tryLock()?.abandoned, false);
    }
  }
});

Deno.test("A lock whose holder's id now belongs to a later thread is abandoned", async () => {
  const { id, start } = currentThread();
  const startWord = Number(BigInt.asIntN(32, start / 10_000n));
  const { memory, state } = newState();
  const words = new Int32Array(memory);
  words.set([Deno.pid, startWord, id]);
  assertThrows(() => state.lock.lockSync(soon), Deno.errors.WouldBlock);
  words.set([Deno.pid, startWord - 1, id]);
  using held = await state.lock.lock(soon);
  assertEquals(held.abandoned, true);
});

Deno.test("A lock that names a process which runs ends each wait at its timeout", async () => {
  const { memory, state } = newState();
  new Int32Array(memory).set([Deno.pid | 1, 0]);
  await assertRejects(() => state.lock.lock({ timeout: 80 }), Deno.errors.TimedOut);
  assertThrows(() => state.lock.lockSync({ timeout: 80 }), Deno.errors.TimedOut);
  assertEquals(state.lock.tryLock(), undefined);
});

Deno.test("SharedLock works in memory without a name, and refuses read-only and unmapped memory", async () => {
  using memory = SharedMemory.anonymous(4096);
  const view = memory.map();
  using second = memory.map();
  const [one, two] = [State.view(view), State.view(second)];
  const held = await one.lock.lock(soon);
  const wait = two.lock.lock(soon);
  held.release();
  (await within("the second view gets the lock", wait)).release();
  using readOnly = memory.map({ access: "read" });
  const third = State.view(readOnly);
  assertThrows(() => third.lock.tryLock(), TypeError, "mapped read-only");
  await assertRejects(() => third.pair.lockRead(soon), TypeError, "mapped read-only");
  const late = one.lock.tryLock()!;
  const reading = one.pair.tryLockRead()!;
  view.close();
  assertThrows(() => late.release(), Deno.errors.BadResource, "unmapped");
  assertThrows(() => reading.release(), Deno.errors.BadResource, "unmapped");
  assertThrows(() => one.lock.tryLock(), TypeError);
  assertThrows(() => one.lock.holder, TypeError);
});

Deno.test("A wait for a reader-writer lock ends with an error if its memory is unmapped", async () => {
  using memory = SharedMemory.anonymous(4096);
  const view = memory.map();
  const { pair } = State.view(view);
  const _reader = pair.tryLockRead()!;
  const writing = pair.lockWrite(soon);
  while (pair.writer === undefined) await new Promise((resolve) => setTimeout(resolve));
  view.close();
  await assertRejects(() => writing, Deno.errors.BadResource, "unmapped");
});

Deno.test("Copies of a struct have no locks, and writing a struct leaves its locks as they are", () => {
  const Inner = struct({ lock: sharedLock, count: "u32" });
  const Outer = struct({ inner: Inner, list: array(Inner, 2), locks: array(sharedLock, 2) });
  const memory = new ArrayBuffer(Outer.byteLength);
  const view = Outer.view(memory);
  view.inner.count = 5;
  using held = view.inner.lock.tryLock();
  const value = Outer.read(memory);
  assertEquals([value.inner, value.locks], [{ lock: undefined, count: 5 }, [undefined, undefined]]);
  assertEquals(JSON.stringify(view.inner), '{"count":5}');
  Outer.write(memory, value);
  view.list.set(0, view.inner);
  Outer.write(memory, { inner: view.list.get(1) });
  assertEquals(view.list.get(0).count, 5);
  assertEquals([view.inner.lock.holder, view.list.get(0).lock.holder], [Deno.pid, undefined]);
  const { lock } = view.list.get(0);
  assertThrows(() => view.inner.lock = lock, TypeError, "a lock has no value");
  assertEquals(held?.released, false);
  const other = view.locks.get(1).tryLock();
  assertEquals(view.locks.get(0).holder, undefined);
  other?.release();
});

Deno.test("A union, LatestValue and readConsistent() refuse locks, and a lock needs a multiple of 4", () => {
  assertThrows(() => union({ lock: sharedLock, a: "u32" }), TypeError, "no lock in a union");
  const Nested = struct({ a: array(struct({ lock: sharedReadWriteLock }), 2) });
  assertThrows(() => union({ Nested }), TypeError, "no lock in a union, got one in field Nested");
  // deno-lint-ignore no-explicit-any -- TypeScript refuses a text that names no scalar
  assertThrows(() => struct({ lock: "sharedLock" as any }), TypeError, "or sharedLock or");
  assertThrows(() => LatestValue.create(randomName(), Nested), TypeError, "without locks");
  const Sequence = struct({ sequence: "u32", lock: sharedLock });
  const memory = new ArrayBuffer(100);
  assertThrows(
    () => readConsistent(memory, Sequence, { sequence: "sequence" }),
    TypeError,
    "without locks",
  );
  assertThrows(() => Sequence.view(memory, 2), RangeError, "multiple of 4");
  assertEquals([Sequence.byteLength, Sequence.alignment, Nested.byteLength], [36, 4, 864]);
});

Deno.test("Locks and held locks cannot be cloned, and inspection shows the holder", () => {
  const { state } = newState();
  using held = state.lock.tryLock();
  for (const object of [state.lock, held, state.pair]) {
    assertThrows(() => structuredClone(object), DOMException, "could not be cloned");
  }
  assertEquals(Deno.inspect(state.lock), `SharedLock { holder: ${Deno.pid} }`);
  assertEquals(Deno.inspect(state.pair), "SharedReadWriteLock { writer: undefined, readers: 0 }");
});

Deno.test("SharedReadWriteLock has up to 32 readers or one writer", async () => {
  const { state: { pair } } = newState();
  const readers = Array.from({ length: 32 }, () => pair.tryLockRead()!);
  assertEquals([pair.readers, pair.writer], [32, undefined]);
  assertEquals([pair.tryLockRead(), pair.tryLockWrite()], [undefined, undefined]);
  await assertRejects(() => pair.lockRead({ timeout: 60 }), Deno.errors.TimedOut, "32 readers");
  await assertRejects(() => pair.lockWrite({ timeout: 60 }), Deno.errors.TimedOut, "32 readers");
  assertThrows(() => pair.lockWriteSync(soon), Deno.errors.WouldBlock);
  const next = pair.lockRead(soon);
  readers.pop()!.release();
  readers.push(await next);
  const writing = pair.lockWrite(soon);
  for (const reader of readers) reader.release();
  {
    using _writer = await writing;
    assertEquals([pair.writer, pair.readers], [Deno.pid, 0]);
    assertEquals([pair.tryLockRead(), pair.tryLockWrite()], [undefined, undefined]);
    assertThrows(() => pair.lockReadSync(soon), Deno.errors.WouldBlock);
    assertThrows(() => pair.lockWriteSync(soon), Deno.errors.WouldBlock);
  }
  pair.lockWriteSync(soon).release();
  using _reader = pair.lockReadSync(soon);
  await assertRejects(
    () => pair.lockWrite({ timeout: 60 }),
    Deno.errors.TimedOut,
    `Waited 60 ms for lock "pair": 1 reader has it (a task of this thread reads)`,
  );
});

Deno.test("SharedReadWriteLock lets no new reader in while a writer waits", async () => {
  const { state: { pair }, memory } = newState();
  const reader = pair.tryLockRead()!;
  const order: string[] = [];
  const writing = pair.lockWrite(soon).then((lock) => (order.push("writer"), lock));
  while (pair.writer === undefined) await new Promise((resolve) => setTimeout(resolve));
  const other = State.view(memory).pair;
  assertEquals(other.tryLockRead(), undefined);
  const reading = other.lockRead(soon).then((lock) => (order.push("reader"), lock));
  reader.release();
  (await writing).release();
  (await reading).release();
  assertEquals(order, ["writer", "reader"]);
});

/**
 * Measures round trips of events between two processes, and waits and locks in one process.
 *
 * @module
 */

import {
  SharedEvent,
  sharedLock,
  SharedMutex,
  sharedReadWriteLock,
  SharedSemaphore,
  spawn,
  struct,
  waitAny,
} from "../mod.ts";

const { signal } = new AbortController();
const script = new URL("./peers/echo.ts", import.meta.url).href;
const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read", script];

for (const how of ["sync", "async", "signal"]) {
  const from = SharedEvent.anonymous();
  const to = SharedEvent.anonymous();
  spawn(Deno.execPath(), {
    args: [...flags, how],
    inherit: { from, to },
    killWithParent: true,
  }).unref();
  await to.wait();
  Deno.bench(`a round trip of two events, both ends ${how}`, { group: "round trip" }, async () => {
    from.set();
    if (how === "sync") to.waitSync();
    else await to.wait(how === "signal" ? { signal } : {});
  });
}

const semaphore = SharedSemaphore.anonymous();
const never = SharedEvent.anonymous();
const mutex = SharedMutex.anonymous();
globalThis.addEventListener("unload", () => {
  for (const object of [semaphore, never, mutex]) object.close();
});

Deno.bench("SharedSemaphore.release() and waitSync()", { group: "one process" }, () => {
  semaphore.release();
  semaphore.waitSync();
});

Deno.bench("SharedSemaphore.release() and wait()", { group: "one process" }, async () => {
  semaphore.release();
  await semaphore.wait();
});

Deno.bench("SharedSemaphore.release() and waitAny()", { group: "one process" }, async () => {
  semaphore.release();
  await waitAny([never, semaphore]);
});

Deno.bench("SharedMutex.tryLock() and release()", { group: "one process" }, () => {
  mutex.tryLock()!.release();
});

Deno.bench("SharedMutex.lock() and release()", { group: "one process" }, async () => {
  (await mutex.lock()).release();
});

const State = struct({ lock: sharedLock, pair: sharedReadWriteLock });
const { lock, pair } = State.view(new ArrayBuffer(State.byteLength));

Deno.bench("SharedLock.tryLock() and release()", { group: "one process" }, () => {
  lock.tryLock()!.release();
});

Deno.bench("SharedLock.lock() and release()", { group: "one process" }, async () => {
  (await lock.lock()).release();
});

Deno.bench("SharedReadWriteLock.tryLockRead() and release()", { group: "one process" }, () => {
  pair.tryLockRead()!.release();
});

/**
 * Takes and releases locks that another process uses, too. Argument: the name of the memory and of
 * the mutex. It reads lines `WAY COUNT WORK`, and writes the duration in nanoseconds. WORK is the
 * number of additions while the lock is held.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { sharedLock, SharedMemory, SharedMutex, sharedReadWriteLock, struct } from "../../mod.ts";

/** The memory of both ends. */
export const State = struct({ lock: sharedLock, both: sharedReadWriteLock, count: "u32" });

interface Held {
  release(): void;
}

if (import.meta.main) {
  const [name] = Deno.args as [string];
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  using mutex = SharedMutex.open(`${name}-mutex`);
  const state = State.view(view);
  const work = (additions: number) => {
    for (let i = 0; i < additions; i++) state.count = (state.count + 1) >>> 0;
  };
  const block = (take: () => Held) => (count: number, additions: number) => {
    for (let i = 0; i < count; i++) {
      const held = take();
      work(additions);
      held.release();
    }
  };
  const wait = (take: () => Promise<Held>) => async (count: number, additions: number) => {
    for (let i = 0; i < count; i++) {
      const held = await take();
      work(additions);
      held.release();
    }
  };
  const ways: Record<string, (count: number, additions: number) => void | Promise<void>> = {
    mutexSync: block(() => mutex.lockSync()),
    lockSync: block(() => state.lock.lockSync()),
    writeSync: block(() => state.both.lockWriteSync()),
    mutex: wait(() => mutex.lock()),
    lock: wait(() => state.lock.lock()),
    write: wait(() => state.both.lockWrite()),
  };
  console.log("ready");
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  for await (const line of lines) {
    const [way, count, additions] = line.split(" ");
    const begun = performance.now();
    await ways[way!]!(Number(count), Number(additions));
    console.log((performance.now() - begun) * 1e6);
  }
}

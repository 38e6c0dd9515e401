import { assertEquals, assertRejects } from "@std/assert";
import { SharedEvent, SharedMutex, spawn } from "../../mod.ts";
import { randomName } from "../random_name.ts";

const soon = { timeout: 20_000 };

/** Starts a Worker that does something with the objects of two names, and waits until it has begun. */
async function start(
  what: "hold" | "wait" | "echo" | "spawn",
  ...names: string[]
): Promise<Disposable> {
  const begun = randomName();
  using ready = SharedEvent.create(begun);
  const url = new URL("../peers/sync_worker.ts", import.meta.url);
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

Deno.test("a Worker that is ended while it waits takes nothing, and ends nothing else", async () => {
  const names = [randomName(), randomName()] as const;
  using first = SharedEvent.create(names[0]);
  using second = SharedEvent.create(names[1]);
  for (let round = 0; round < 3; round++) {
    (await start("wait", ...names))[Symbol.dispose]();
    // The system may still be ending its threads; they must not call what has gone.
    const waits = [first.wait(soon), second.wait(soon)];
    for (const event of [first, second]) event.set();
    for (const event of [first, second]) event.set();
    await Promise.all(waits);
  }
});

Deno.test("a script that stands still in waitSync() does not hold up the waits of a Worker", async () => {
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

Deno.test("a Worker that is ended before its child does not end the process when the child ends", async () => {
  (await start("spawn"))[Symbol.dispose]();
  // It ends a little later than that one.
  await spawn("cmd.exe", { args: ["/c", "ping -n 3 127.0.0.1"], stdout: "null" }).status;
});

// Task: test:peers

import { assertEquals, assertRejects } from "@std/assert";
import {
  ProcessWatch,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  spawn,
  waitAny,
} from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";

/** Fewer of 32 bits: on some machines each of these is emulated. */
const C_PEERS = { 64: 58, 32: 10 } as const;
const DENO_PEERS = 6;
const TIMES = 100;

peers.test("SharedMutex keeps the increments of many C and Deno processes apart", async (bits) => {
  await using program = await compileC(peerUrl("sync/peers/named_objects.c"), { bits });
  const names = [randomName(), randomName(), randomName()] as const;
  using mutex = SharedMutex.create(names[0]);
  using memory = SharedMemory.create(names[1], 4);
  using ready = SharedSemaphore.create(names[2]);
  using view = memory.map();
  const counter = new Int32Array(view.buffer);
  const words = [...names, `${TIMES}`];
  const script = peerUrl("sync/peers/mutex_counter.ts").href;
  const flags = ["run", "--no-prompt", "--allow-ffi", script];
  // The children report by a semaphore. Deno has too few pool threads to read all their outputs.
  const start = (command: string, args: string[]) =>
    spawn(command, { args, stdin: "null", stdout: "null", killWithParent: true });
  using lock = await mutex.lock(soon);
  const children = [
    ...Array.from({ length: DENO_PEERS }, () => start(Deno.execPath(), [...flags, ...words])),
    ...Array.from({ length: C_PEERS[bits] }, () => start(program.path, ["count", ...words])),
  ];
  try {
    // No child begins to count before all children are ready.
    for (const _ of children) await ready.wait({ timeout: 60_000 * SLOWNESS });
    assertEquals(counter[0], 0);
    lock.release();
    const codes = await Promise.all(children.map(async (child) => (await child.status).code));
    assertEquals(codes, children.map(() => 0));
    assertEquals(counter[0], children.length * TIMES);
  } finally {
    for (const child of children) await child[Symbol.asyncDispose]();
  }
});

peers.test("MutexLock.abandoned is true once after a C program is killed with the mutex", async (bits) => {
  await using program = await compileC(peerUrl("sync/peers/named_objects.c"), { bits });
  const name = randomName();
  using mutex = SharedMutex.create(name);
  for (const take of ["lock", "lockSync", "waitAny"] as const) {
    await using peer = await Peer.startProgram(program.path, "hold", name);
    using watch = ProcessWatch.open(peer.pid);
    assertEquals(mutex.tryLock(), undefined);
    const waiting = take === "lock"
      ? mutex.lock(soon)
      : take === "waitAny"
      ? waitAny([mutex], soon).then(({ lock }) => lock!)
      : undefined;
    peer.kill();
    await watch.wait(soon);
    const lock = waiting === undefined ? mutex.lockSync(soon) : await waiting;
    assertEquals([take, lock.abandoned], [take, true]);
    lock.release();
    assertEquals(
      (await mutex.lock(soon).then((next) => (next.release(), next))).abandoned,
      false,
    );
  }
});

peers.test("SharedEvent wakes a C program and is set by it, 400 times", async (bits) => {
  await using program = await compileC(peerUrl("sync/peers/named_objects.c"), { bits });
  const names = [randomName(), randomName()] as const;
  using there = SharedEvent.create(names[0]);
  using back = SharedEvent.create(names[1]);
  const { signal } = new AbortController();
  await using peer = await Peer.startProgram(program.path, "echo", ...names, "400");
  for (let round = 0; round < 400; round++) {
    there.set();
    if (round % 3 === 0) back.waitSync(soon);
    else await back.wait(round % 3 === 1 ? soon : { ...soon, signal });
  }
  assertEquals(await peer.nextLine(), "done");
  await assertRejects(() => back.wait({ timeout: 0 }), Deno.errors.TimedOut);
});

peers.test("open() opens events, mutexes and semaphores of a C program", async (bits) => {
  await using program = await compileC(peerUrl("sync/peers/named_objects.c"), { bits });
  for (const kind of [SharedEvent, SharedMutex, SharedSemaphore]) {
    const name = randomName();
    const word = kind === SharedEvent ? "event" : kind === SharedMutex ? "mutex" : "semaphore";
    await using _peer = await Peer.startProgram(program.path, "create", word, name);
    using object = kind.open(name, word === "event" ? {} : { owner: "anyone" });
    const { index, lock } = await waitAny([object], soon);
    lock?.release();
    assertEquals([object.kind, index], [word, 0]);
  }
});

peers.test("Waits that are aborted, late and satisfied at once take each release exactly once", async (bits) => {
  await using program = await compileC(peerUrl("sync/peers/named_objects.c"), { bits });
  const name = randomName();
  using semaphore = SharedSemaphore.create(name);
  const given = 4000;
  await using peer = await Peer.startProgram(program.path, "give", name, `${given}`);
  let [taken, stopped, late] = [0, 0, 0];
  const deadline = performance.now() + 60_000;
  for (let round = 0; taken + stopped + late < 6000 || taken < given; round++) {
    if (performance.now() > deadline) throw new Error(`${taken} of ${given} came`);
    const timers: ReturnType<typeof setTimeout>[] = [];
    const waits = Array.from({ length: 20 }, (_, index) => {
      const kind = (round + index) % 4;
      if (kind === 0) return semaphore.wait({ timeout: index % 3 });
      const controller = new AbortController();
      const { signal } = controller;
      if (kind === 1) queueMicrotask(() => controller.abort());
      else timers.push(setTimeout(() => controller.abort(), index % 3));
      return kind === 3
        ? waitAny([semaphore], { signal })
        : semaphore.wait({ signal, timeout: 1 + index % 2 });
    });
    for (const { status, reason } of await Promise.allSettled<unknown>(waits).then(outcomes)) {
      if (status === "fulfilled") taken++;
      else if (reason instanceof Deno.errors.TimedOut) late++;
      else stopped++;
    }
    for (const timer of timers) clearTimeout(timer);
  }
  assertEquals(await peer.nextLine(), "done");
  // No wait has taken the rest of the count.
  for (;;) {
    try {
      semaphore.waitSync({ timeout: 0 });
      taken++;
    } catch {
      break;
    }
  }
  assertEquals(taken, given);
});

function outcomes(results: PromiseSettledResult<unknown>[]) {
  return results.map((result) => ({
    status: result.status,
    reason: result.status === "rejected" ? result.reason : undefined,
  }));
}

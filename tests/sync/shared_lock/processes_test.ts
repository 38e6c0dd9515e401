// Task: test:peers

import { assertEquals, assertRejects } from "@std/assert";
import { ProcessWatch, SharedEvent, SharedMemory } from "../../../mod.ts";
import { type Bits, compileC, type Compiled } from "../../support/compile_c.ts";
import { peers } from "../../support/peers.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { State } from "./peers/state.ts";

const script = "sync/shared_lock/peers/end.ts";

async function compile(bits: Bits): Promise<Compiled> {
  const include = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const length = `#define STATE_LENGTH ${State.byteLength}\n`;
    await Deno.writeTextFile(`${include}\\state.h`, State.toC("State") + length);
    return await compileC(peerUrl("sync/shared_lock/peers/end.c"), { bits, include });
  } finally {
    await Deno.remove(include, { recursive: true });
  }
}

/** Opens a new state that other processes find by its name. */
function createState() {
  const name = randomName();
  const stack = new DisposableStack();
  const view = stack.use(stack.use(SharedMemory.create(name, State.byteLength)).map());
  return { name, state: State.view(view), [Symbol.dispose]: () => stack.dispose() };
}

peers.test("SharedLock keeps 4 million increments of C programs and scripts apart", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  const { name, state } = shared;
  await using c = await Peer.startProgram(program.path, name);
  await using other = await Peer.startProgram(program.path, name);
  await using deno = await Peer.start(script, name);
  const answers = await Promise.all([
    c.ask("count 2000000"),
    other.ask("count 1500000"),
    deno.ask("count 500000"),
    (async () => {
      for (let i = 0; i < 200; i++) {
        using _lock = await state.lock.lock(soon);
        state.count++;
      }
    })(),
  ]);
  assertEquals(answers.slice(0, 3), ["counted 0", "counted 0", "counted 0"]);
  assertEquals([state.count, state.lock.holder], [4_000_200, undefined]);
});

peers.test("SharedReadWriteLock keeps the writes of C programs and scripts apart from the reads", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  await using c = await Peer.startProgram(program.path, shared.name);
  await using deno = await Peer.start(script, shared.name);
  assertEquals(await Promise.all([c.ask("write 100000"), deno.ask("read 20000")]), [
    "counted 0",
    "torn 0",
  ]);
  assertEquals(await Promise.all([c.ask("read 100000"), deno.ask("write 2000")]), [
    "torn 0",
    "counted 0",
  ]);
  assertEquals([shared.state.first, shared.state.second], [102_000, 102_000]);
});

peers.test("HeldLock.abandoned is true once after a C program or a script is killed with the lock", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  const { name, state } = shared;
  for (
    const start of [() => Peer.startProgram(program.path, name), () => Peer.start(script, name)]
  ) {
    for (const take of ["lock", "lockSync"] as const) {
      await using peer = await start();
      assertEquals(await peer.ask("hold"), "held");
      assertEquals([state.lock.holder, state.lock.tryLock()], [peer.pid, undefined]);
      await assertRejects(() => state.lock.lock({ timeout: 120 }), Deno.errors.TimedOut);
      using watch = ProcessWatch.open(peer.pid);
      const waiting = take === "lock" ? state.lock.lock(soon) : undefined;
      peer.kill();
      await watch.wait(soon);
      const lock = waiting === undefined ? state.lock.lockSync(soon) : await waiting;
      assertEquals([take, lock.abandoned], [take, true]);
      lock.release();
      assertEquals(state.lock.tryLock()?.[Symbol.dispose](), undefined);
      using next = state.lock.tryLock();
      assertEquals(next?.abandoned, false);
    }
  }
});

peers.test("A process that is killed before it has written its start time abandons the lock", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  const { lock } = shared.state;
  await using c = await Peer.startProgram(program.path, shared.name);
  assertEquals(await c.ask("half"), "held");
  await assertRejects(() => lock.lock({ timeout: 120 }), Deno.errors.TimedOut);
  const waiting = lock.lock(soon);
  c.kill();
  using held = await waiting;
  assertEquals(held.abandoned, true);
});

peers.test("A C program finds that a killed script has abandoned the lock, and that a live one has not", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  const { name } = shared;
  await using c = await Peer.startProgram(program.path, name);
  await using deno = await Peer.start(script, name);
  assertEquals([await deno.ask("hold"), await c.ask("try")], ["held", "held"]);
  const counting = c.ask("count 2");
  deno.kill();
  assertEquals(await counting, "counted 1");
});

peers.test("A dead reader does not block a writer, and a dead writer abandons the lock", async (bits) => {
  await using program = await compile(bits);
  using shared = createState();
  const { name, state: { pair } } = shared;
  await using c = await Peer.startProgram(program.path, name);
  await using deno = await Peer.start(script, name);
  assertEquals([await c.ask("hold-read"), await deno.ask("hold-read")], ["held", "held"]);
  assertEquals(pair.readers, 2);
  const writing = pair.lockWrite(soon);
  await assertRejects(() => pair.lockWrite({ timeout: 120 }), Deno.errors.TimedOut);
  c.kill();
  deno.kill();
  {
    using lock = await writing;
    assertEquals([lock.abandoned, pair.readers], [false, 0]);
  }
  for (
    const start of [() => Peer.startProgram(program.path, name), () => Peer.start(script, name)]
  ) {
    await using peer = await start();
    assertEquals([await peer.ask("hold-write"), pair.tryLockRead()], ["held", undefined]);
    const reading = pair.lockRead(soon);
    peer.kill();
    using _peerIsGone = await reading.then((lock) => (assertEquals(lock.abandoned, true), lock));
    using second = await pair.lockRead(soon);
    assertEquals(second.abandoned, true, "until a writer has repaired the data");
    second.release();
    _peerIsGone.release();
    const repairing = await pair.lockWrite(soon);
    assertEquals(repairing.abandoned, true);
    repairing.release();
    using third = await pair.lockRead(soon);
    assertEquals(third.abandoned, false);
  }
});

Deno.test("Workers of one process exclude each other, and a Worker that ends abandons its lock", async () => {
  using shared = createState();
  const { name, state } = shared;
  const start = (command: string) => {
    const done = randomName();
    const event = SharedEvent.create(done);
    const url = peerUrl("sync/shared_lock/peers/worker.ts");
    const worker = new Worker(url, { type: "module", name: `${name} ${command} ${done}` });
    const ended = event.wait(soon).finally(() => event.close());
    return { ended, [Symbol.dispose]: () => worker.terminate() };
  };
  {
    using one = start("count");
    using two = start("count");
    await Promise.all([one.ended, two.ended]);
    assertEquals(state.count, 40_000);
  }
  {
    using holder = start("hold");
    await holder.ended;
    assertEquals([state.lock.holder, state.lock.tryLock()], [Deno.pid, undefined]);
    await assertRejects(() => state.lock.lock({ timeout: 120 }), Deno.errors.TimedOut);
  }
  using lock = await state.lock.lock(soon);
  assertEquals(lock.abandoned, true);
  {
    using reader = start("read");
    await reader.ended;
    assertEquals(state.pair.tryLockWrite(), undefined);
  }
  using writing = await state.pair.lockWrite(soon);
  assertEquals(writing.abandoned, false);
});

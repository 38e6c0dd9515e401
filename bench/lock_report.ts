/**
 * Compares locks in memory with the atomic operation that they need, and with mutexes of Windows.
 *
 *     deno task report:lock [NAME...]
 *
 * With names, it runs only the groups whose names contain one of them. Without contention, one
 * thread takes and releases a lock. With contention, two processes do so at the same time. The exit
 * code is 1 if a limit is missed.
 *
 * @module
 */

import { SharedMemory, SharedMutex } from "../mod.ts";
import { Peer } from "../tests/support/peer.ts";
import { findCommit } from "./commit.ts";
import { State } from "./peers/lock_end.ts";
import { type MeasuredCase, type MeasuredGroup, reportGroup } from "./report_group.ts";

/** Number of operations of a sample: a single one is too short for the clock. */
const TIMES = 1000;
/** Number of samples of a round. */
const SAMPLES = 50;

console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
await using stack = new AsyncDisposableStack();
const name = `winipc-bench-${crypto.randomUUID()}`;
const view = stack.use(stack.use(SharedMemory.create(name, 4096)).map());
const mutex = stack.use(SharedMutex.create(`${name}-mutex`));
const state = State.view(view);
/** A word that no lock uses. */
const words = new Int32Array(view.buffer, 2048, 1);

const groups: MeasuredGroup[] = [
  {
    name: `${TIMES} times, without contention`,
    cases: {
      "Atomics.compareExchange()": inLoop(() => void Atomics.compareExchange(words, 0, 0, 0)),
      "SharedLock.tryLock(), release()": inLoop(() => state.lock.tryLock()!.release(), {
        "Atomics.compareExchange()": 3,
      }),
      "SharedLock.lockSync(), release()": inLoop(() => state.lock.lockSync().release()),
      "SharedReadWriteLock.tryLockRead(), release()": inLoop(() =>
        state.both.tryLockRead()!.release()
      ),
      "SharedReadWriteLock.tryLockWrite(), release()": inLoop(() =>
        state.both.tryLockWrite()!.release()
      ),
      "SharedMutex.tryLock(), release()": inLoop(() => mutex.tryLock()!.release(), {}, 20),
    },
  },
  ...[1, 1000].flatMap((additions) => [
    contended(`Two processes that block, ${additions} additions under the lock`, {
      "SharedMutex.lockSync()": ["mutexSync", 2000],
      "SharedLock.lockSync()": ["lockSync", 2000],
      "SharedReadWriteLock.lockWriteSync()": ["writeSync", 2000],
    }, additions),
    contended(`Two processes that await, ${additions} additions under the lock`, {
      "SharedMutex.lock()": ["mutex", 100],
      "SharedLock.lock()": ["lock", 100],
      "SharedReadWriteLock.lockWrite()": ["write", 100],
    }, additions),
  ]),
];

const peers = [await startPeer(), await startPeer()] as const;
for (const group of groups) {
  const isWanted = Deno.args.some((word) => group.name.includes(word));
  if (Deno.args.length === 0 || isWanted) await reportGroup(group);
}

async function startPeer(): Promise<Peer> {
  const script = new URL("peers/lock_end.ts", import.meta.url).href;
  const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read"];
  return stack.use(await Peer.startProgram(Deno.execPath(), ...flags, script, name));
}

/** Returns a case that does something in a loop of one thread. */
function inLoop(
  call: () => void,
  atMost: Readonly<Record<string, number>> = {},
  samples = SAMPLES,
): MeasuredCase {
  // Each case has a loop of its own. V8 would not inline the calls in a loop that all cases share.
  const run = Function("call", "times", "for (let i = 0; i < times; i++) call();");
  return {
    atMost,
    measure: () =>
      Array.from({ length: samples }, () => {
        const begun = performance.now();
        run(call, TIMES);
        return (performance.now() - begun) * 1e6;
      }),
  };
}

/**
 * Returns a group of cases that two processes do at the same time. The case of `SharedLock` must
 * not take longer than the first case.
 */
function contended(
  name: string,
  cases: Readonly<Record<string, readonly [way: string, count: number]>>,
  additions: number,
): MeasuredGroup {
  const first = Object.keys(cases)[0]!;
  const entries = Object.entries(cases).map(([name, [way, count]]): [string, MeasuredCase] => [
    name,
    {
      atMost: name.startsWith("SharedLock") ? { [first]: 1 } : {},
      measure: async () => {
        const line = `${way} ${count} ${additions}`;
        const answers = await Promise.all(peers.map((peer) => peer.ask(line)));
        return [Math.max(...answers.map(Number)) / count / peers.length];
      },
    },
  ]);
  return { name, cases: Object.fromEntries(entries) };
}

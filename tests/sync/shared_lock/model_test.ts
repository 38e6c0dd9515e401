// Task: test:model
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Explorer, type Part, type Scenario } from "../../channel/model/explore.ts";
import { LIBRARY } from "../../channel/model/library.ts";
import { Counterexample } from "../../channel/model/state.ts";
import { findGuards, loadChangedLocks, type LockModules, LOCKS } from "./model/locks.ts";
import { locker, MEMORY_LENGTH, reader, writer } from "./model/scripts.ts";

const killable = "from the start";
const [EVENT, PLACES] = [4, 12];
/** Each scenario uses at most two places. */
const UNUSED = Array.from({ length: 30 * 3 }, (_, index) => PLACES + 2 * 3 + index);

function scenario(
  parts: readonly Part[],
  { isNew = false, longWaits = 0 }: { isNew?: boolean; longWaits?: number } = {},
): Scenario {
  const memory = new Int32Array(MEMORY_LENGTH);
  const event = [0, 1, 2, 3].map((index) => EVENT + index);
  if (!isNew) { for (const word of event) memory[word] = 1; }
  return {
    memory,
    parts,
    body: MEMORY_LENGTH,
    constant: isNew ? UNUSED : [...event, ...UNUSED],
    mostLongWaits: longWaits,
    check: () => {},
  };
}

const SCENARIOS = {
  "two threads, which take the lock twice": (locks) =>
    scenario([
      locker(locks, { way: "Sync", times: 2 }),
      locker(locks, { way: "await", times: 2 }),
    ]),
  "three threads": (locks) =>
    scenario([
      locker(locks, { way: "Sync" }),
      locker(locks, { way: "await" }),
      locker(locks, { way: "Sync" }),
    ]),
  "two threads that choose the name of the event": (locks) =>
    scenario([locker(locks, { way: "Sync" }), locker(locks, { way: "await" })], { isNew: true }),
  "two threads of one process": (locks) =>
    scenario([
      locker(locks, { way: "Sync", process: 9, scripts: [1, 2], times: 2 }),
      locker(locks, { way: "Sync", process: 9, scripts: [1, 2], times: 2 }),
    ]),
  "three threads, one of which gives up": (locks) =>
    scenario([
      locker(locks, { way: "Sync", times: 2 }),
      locker(locks, { way: "Sync", timeout: 1 }),
      locker(locks, { way: "await" }),
    ]),
  "a thread that may be killed, and another one": (locks) =>
    scenario([
      locker(locks, { way: "Sync", killable, times: 2 }),
      locker(locks, { way: "await", times: 2 }),
    ], { longWaits: 2 }),
  "two threads that may be killed, and a third one": (locks) =>
    scenario([
      locker(locks, { way: "Sync", killable }),
      locker(locks, { way: "Sync", killable }),
      locker(locks, { way: "Sync" }),
    ], { longWaits: 3 }),
  "a thread that is killed, another one, and a new process with the id of the dead one": (locks) =>
    scenario([
      locker(locks, { way: "Sync", killable }),
      locker(locks, { way: "Sync" }),
      locker(locks, { way: "Sync", process: 1, scripts: [1], after: 1 }),
    ], { longWaits: 2 }),
  "two writers": (locks) =>
    scenario([writer(locks, { way: "Sync" }), writer(locks, { way: "await" })]),
  "a writer, and a reader, which takes the lock twice": (locks) =>
    scenario([writer(locks, { way: "Sync" }), reader(locks, { way: "await", times: 2 })]),
  "a writer and two readers": (locks) =>
    scenario([
      writer(locks, { way: "Sync" }),
      reader(locks, { way: "Sync" }),
      reader(locks, { way: "Sync" }),
    ]),
  "a writer that may be killed, and a reader that may be killed": (locks) =>
    scenario([
      writer(locks, { way: "Sync", killable }),
      reader(locks, { way: "Sync", killable }),
    ], { longWaits: 2 }),
  "a reader that may be killed, and a writer": (locks) =>
    scenario([reader(locks, { way: "Sync", killable }), writer(locks, { way: "Sync" })], {
      longWaits: 2,
    }),
  "a writer that may be killed, a reader, and another writer": (locks) =>
    scenario([
      writer(locks, { way: "Sync", killable }),
      reader(locks, { way: "Sync" }),
      writer(locks, { way: "Sync" }),
    ], { longWaits: 2 }),
} as const satisfies Record<string, (locks: LockModules) => Scenario>;

for (const [name, of] of Object.entries(SCENARIOS)) {
  Deno.test(`In all orders of steps, a lock in memory excludes and no thread sleeps on: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, of(LOCKS)).explore();
    if (Deno.args.includes("count")) console.log(states, ends);
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

// Task: test:model
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Explorer, type Part, type Scenario } from "../../channel/model/explore.ts";
import { LIBRARY } from "../../channel/model/library.ts";
import { Counterexample } from "../../channel/model/state.ts";
import { findGuards, loadChangedLocks, type LockModules, LOCKS } from "./model/locks.ts";
import { locker, MEMORY_LENGTH, reader, writer } from "./model/scripts.ts";

const killable = "from the start";
const asleep = "until it sleeps";
const [EVENT, PLACES] = [4, 12];
/** Each scenario uses at most two places. */
const UNUSED = Array.from({ length: 30 * 3 }, (_, index) => PLACES + 2 * 3 + index);

function scenario(
  parts: readonly Part[],
  { isNew = false, longWaits = 0, mayWait }: {
    isNew?: boolean;
    longWaits?: number;
    mayWait?: Scenario["mayWait"];
  } = {},
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
    ...(mayWait ? { mayWait } : {}),
    check: () => {},
  };
}

const SCENARIOS = {
  "two threads, one of which takes the lock twice": (locks) =>
    scenario([
      locker(locks, { way: "await", times: 2 }),
      locker(locks, { way: "await" }),
    ]),
  "two threads that block": (locks) =>
    scenario([locker(locks, { way: "Sync" }), locker(locks, { way: "Sync" })]),
  "a thread that has the lock, one that sleeps, and a third one": (locks) =>
    scenario([
      locker(locks, { way: "await", first: true }),
      locker(locks, { way: "await", first: asleep }),
      locker(locks, { way: "await" }),
    ]),
  "two threads that choose the name of the event": (locks) =>
    scenario([locker(locks, { way: "Sync" }), locker(locks, { way: "await" })], { isNew: true }),
  "two threads of one process": (locks) =>
    scenario([
      locker(locks, { way: "await", process: 9, scriptsOf: { 9: [1, 2] } }),
      locker(locks, { way: "await", process: 9, scriptsOf: { 9: [1, 2] } }),
    ]),
  "a thread that takes the lock twice, one that gives up, and a third one": (locks) =>
    scenario([
      locker(locks, { isQuick: true, way: "await", times: 2, first: true }),
      locker(locks, { isQuick: true, way: "Sync", timeout: 1, first: asleep }),
      locker(locks, { isQuick: true, way: "await", first: asleep }),
    ]),
  "a thread that may be killed, and another one": (locks) =>
    scenario([
      locker(locks, { way: "await", killable }),
      locker(locks, { way: "Sync" }),
    ], { longWaits: 1 }),
  "a thread that is killed when it has the lock, and two others after that": (locks) =>
    scenario([
      locker(locks, { way: "await", killable, first: true }),
      locker(locks, { way: "await", after: 1 }),
      locker(locks, { way: "await", after: 1 }),
    ], { longWaits: 1 }),
  "a thread that is killed, another one, and a new process with the id and start time of the dead one":
    (locks) =>
      scenario([
        locker(locks, { way: "await", killable, first: true, startAtOnce: true }),
        locker(locks, { way: "await", after: 1, scriptsOf: { 1: [1, 3] }, startAtOnce: true }),
        locker(locks, {
          way: "await",
          after: 1,
          scriptsOf: { 1: [1, 3] },
          process: 1,
          startAtOnce: true,
        }),
      ], {
        longWaits: 1,
        // If the first thread is killed while the start time is 0, the new process looks like it.
        mayWait: ([holder, start]) => (holder! & ~3) === 4 && start === 0,
      }),
  "two writers": (locks) =>
    scenario([writer(locks, { way: "Sync" }), writer(locks, { way: "await" })]),
  "a writer and a reader": (locks) =>
    scenario([writer(locks, { way: "await" }), reader(locks, { way: "Sync" })]),
  "a writer that may be killed, and a reader that may be killed": (locks) =>
    scenario([
      writer(locks, { way: "await", killable }),
      reader(locks, { way: "await", killable }),
    ], { longWaits: 1 }),
  "a writer that may be killed, and another writer": (locks) =>
    scenario([writer(locks, { way: "await", killable }), writer(locks, { way: "await" })], {
      longWaits: 1,
    }),
} as const satisfies Record<string, (locks: LockModules) => Scenario>;

for (const [name, of] of Object.entries(SCENARIOS)) {
  Deno.test(`In all orders of steps, a lock in memory excludes and no thread sleeps on: ${name}`, async () => {
    const { states, ends } = await new Explorer(LIBRARY, of(LOCKS)).explore();
    if (Deno.args.includes("count")) console.log(states, ends);
    assertGreater(states, 100);
    assertGreater(ends, 0);
  });
}

/** A fault: a changed line, and the scenario in which the model finds it. */
interface Fault {
  readonly guard: string;
  readonly change: readonly [part: string, by: string];
  readonly scenario: keyof typeof SCENARIOS;
}

const [two, three, killed, reader2] = [
  "two threads of one process",
  "a thread that has the lock, one that sleeps, and a third one",
  "a thread that is killed when it has the lock, and two others after that",
  "a writer and a reader",
] as const;

const FAULTS: Readonly<Record<string, Fault>> = {
  "a release wakes no thread": { guard: "wake", change: ["this.#wake()", "{}"], scenario: two },
  "a thread that was woken takes the lock without the bit": {
    guard: "others-sleep",
    change: [" | waiting;", ";"],
    scenario: three,
  },
  "a takeover keeps its bit": {
    guard: "takeover-bit",
    change: ["? 0 : TAKEOVER", "? 0 : 0"],
    scenario:
      "a thread that is killed, another one, and a new process with the id and start time of the dead one",
  },
  "a takeover keeps the dead thread's start time": {
    guard: "clear-start",
    change: ["start, 0", "start, start"],
    scenario: killed,
  },
  "a release keeps the start time": {
    guard: "release-start",
    change: ["words[START] = 0;", ""],
    scenario: killed,
  },
  "a lock is taken over from a live thread": {
    guard: "only-dead",
    change: ["return false", "{}"],
    scenario: two,
  },
  "a thread that gives up does not pass the wake-up on": {
    guard: "pass-on",
    change: ["if (!this.#markWaiting()) this.#wake();", ""],
    scenario: "a thread that takes the lock twice, one that gives up, and a third one",
  },
  "a reader does not look at the gate again": {
    guard: "gate-again",
    change: ["this.gate.holder === undefined", "true"],
    scenario: reader2,
  },
  "a reader that leaves does not wake the writer": {
    guard: "wake-writer",
    change: ["!== 0", "=== -1"],
    scenario: reader2,
  },
  "a writer sleeps without its wake flag": {
    guard: "sleeping",
    change: ["Atomics.store(this.#words, SLEEPING, 1);", ""],
    scenario: reader2,
  },
  "a writer does not look at the readers": {
    guard: "all-places",
    change: ["return false", "{}"],
    scenario: reader2,
  },
  "a writer frees the places of live readers": {
    guard: "only-dead-readers",
    change: ["return false", "{}"],
    scenario: reader2,
  },
  "a writer does not note that it writes": {
    guard: "writing",
    change: ["WRITING, 1", "WRITING, 0"],
    scenario: "a writer that may be killed, and a reader that may be killed",
  },
};

for (const [name, { guard, change, scenario }] of Object.entries(FAULTS)) {
  Deno.test(`The model of locks in memory finds a fault if ${name}`, async () => {
    const locks = await loadChangedLocks(guard, change);
    await assertRejects(
      () => new Explorer(LIBRARY, SCENARIOS[scenario](locks)).explore(),
      Counterexample,
    );
  });
}

Deno.test("Each guard of the locks in memory is changed by a fault", async () => {
  const used = Object.values(FAULTS).map(({ guard }) => guard);
  assertEquals((await findGuards()).sort(), used.sort());
});

/**
 * Compares awaited waits and locks with a pair of C programs, and with the calls that block. The
 * run compiles the C programs.
 *
 *     deno task report:sync [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs the library of another checkout. With names, it runs only the groups
 * whose names contain one of them.
 *
 * The two ends of a pair are two processes, each on its own processor or both on one. The rounds
 * are interleaved, in alternating order, and medians are compared. The exit code is 1 if a limit is
 * missed or a pair cannot run.
 *
 * @module
 */

import { beginReport, BESIDE } from "./report_arguments.ts";
import { type MeasuredCase, reportGroup } from "./report_group.ts";
import { deletePrograms, type Ends, type Program, SyncPair } from "./sync_pair.ts";

/** One of the compared ways to do the task of a group. */
interface Case {
  /** The way that both ends do the task. */
  readonly way: string;
  /** The program of both ends. @default "sync_end.ts" */
  readonly program?: Program;
  /** Limits: the maximum median time as a multiple of another case, by that case's name. */
  readonly atMost?: Readonly<Record<string, number>>;
}

/** A task, and the cases that are compared by it. */
interface Group {
  readonly name: string;
  /** The number of processors for the two ends. */
  readonly processors: 1 | 2;
  /** Number of measurements in a round. */
  readonly count: number;
  /** The cases by their names. All cases are compared to the first. */
  readonly cases: Readonly<Record<string, Case>>;
}

/** The cases of an event that goes there and back, and their limits compared to C. */
const THERE_AND_BACK: Readonly<Record<string, Case>> = {
  "C": { way: "sleep", program: "event_end.c" },
  "waitSync()": { way: "waitSync" },
  "await wait()": { way: "wait", atMost: { "C": 1.5 } },
  "await wait({ timeout })": { way: "wait-timeout", atMost: { "C": 1.5 } },
  "await wait({ signal })": { way: "wait-signal", atMost: { "C": 1.5 } },
  "await waitAny()": { way: "wait-any" },
};

const GROUPS: readonly Group[] = [
  {
    name: "An event there and back, on one processor",
    processors: 1,
    count: 100,
    cases: THERE_AND_BACK,
  },
  {
    name: "An event there and back, on both processors",
    processors: 2,
    count: 100,
    cases: THERE_AND_BACK,
  },
  {
    name: "A mutex is locked and released",
    processors: 2,
    count: 200,
    cases: {
      "tryLock()": { way: "tryLock" },
      "await lock()": { way: "lock", atMost: { "tryLock()": 1.5 } },
      "await lock({ timeout })": { way: "lock-timeout", atMost: { "tryLock()": 1.5 } },
    },
  },
  {
    name: "A semaphore is released and taken",
    processors: 2,
    count: 200,
    cases: {
      "waitSync()": { way: "semaphore-sync" },
      "await wait()": { way: "semaphore", atMost: { "waitSync()": 1.5 } },
    },
  },
  {
    name: "A mutex is locked and released by both processes at once",
    processors: 2,
    count: 100,
    cases: { "await lock()": { way: "contended" } },
  },
];

const { beside, groups } = await beginReport(GROUPS);
try {
  await using stack = new AsyncDisposableStack();
  const pairs = new Map<string, SyncPair>();
  for (const group of groups) await report(group, pairs, stack);
} finally {
  await deletePrograms();
}

async function report(
  { name, processors, count, cases }: Group,
  pairs: Map<string, SyncPair>,
  stack: AsyncDisposableStack,
): Promise<void> {
  const caseOf = (
    { way, program = "sync_end.ts", atMost }: Case,
    checkout?: URL,
  ): MeasuredCase => ({
    measure: async () => {
      const ends: Ends = { program, processors, ...(checkout && { checkout }) };
      const key = JSON.stringify(ends);
      const pair = pairs.get(key) ?? stack.use(await SyncPair.start(ends));
      pairs.set(key, pair);
      return await pair.run(way, 0, count);
    },
    atMost,
  });
  const measured: Record<string, MeasuredCase> = {};
  for (const [name, { atMost, ...ways }] of Object.entries(cases)) {
    measured[name] = caseOf({ ...ways, ...(atMost && { atMost }) });
    if (beside === undefined || ways.program !== undefined) continue;
    measured[`${name}${BESIDE}`] = caseOf(ways, beside);
  }
  await reportGroup({ name, cases: measured });
}

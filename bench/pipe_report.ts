/**
 * Compares named pipes with a pair of C programs, which are compiled in this run, and with Deno's
 * `node:net`.
 *
 *     deno task report:pipe [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs the library of another checkout. With names, it runs only the groups
 * whose names contain one of them.
 *
 * The two ends of a pair are two processes. They run on all processors, and in some groups on the
 * same one. The rounds are interleaved, in alternating order, and medians are compared. The exit
 * code is 1 if a limit is missed or a pair cannot run.
 *
 * @module
 */

import { type Group, GROUPS, type PairName, PAIRS } from "./pipe_cases.ts";
import { deletePrograms, type Ends, PipePair } from "./pipe_pair.ts";
import { beginReport, BESIDE } from "./report_arguments.ts";
import { type MeasuredCase, reportGroup } from "./report_group.ts";

const FIRST_PROCESSOR = 1;
const ALL_PROCESSORS = 2 ** navigator.hardwareConcurrency - 1;

const { beside, groups } = await beginReport(GROUPS);
try {
  await using stack = new AsyncDisposableStack();
  const pairs = new Map<string, PipePair>();
  for (const group of groups) await report(group, pairs, stack);
} finally {
  await deletePrograms();
}

async function report(
  group: Group,
  pairs: Map<string, PipePair>,
  stack: AsyncDisposableStack,
): Promise<void> {
  const processors = group.isOnOneProcessor ? FIRST_PROCESSOR : ALL_PROCESSORS;
  const pairOf = async (name: string) => {
    const key = `${name} on ${processors}`;
    const pair = pairs.get(key) ?? stack.use(await PipePair.start({ ...endsOf(name), processors }));
    pairs.set(key, pair);
    return pair;
  };
  const caseOf = (name: string, atMost?: Readonly<Record<string, number>>): MeasuredCase => ({
    measure: async () => (await pairOf(name)).run(group.way, group.byteLength, group.count),
    atMost,
  });
  const cases: Record<string, MeasuredCase> = {};
  for (const { pair, atMost } of group.cases) {
    cases[pair] = caseOf(pair, atMost);
    const isCompared = beside !== undefined && Object.values(PAIRS[pair]).includes("pipe_end.ts");
    if (isCompared) cases[`${pair}${BESIDE}`] = caseOf(`${pair}${BESIDE}`);
  }
  await reportGroup({ name: group.name, cases, rounds: group.rounds });
}

function endsOf(name: string): Omit<Ends, "processors"> {
  const isBeside = name.endsWith(BESIDE);
  const pair = (isBeside ? name.slice(0, -BESIDE.length) : name) as PairName;
  const checkout = isBeside && beside !== undefined ? { checkout: beside } : {};
  return { ...PAIRS[pair], ...checkout };
}

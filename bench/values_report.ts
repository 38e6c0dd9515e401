/**
 * Compares latest values and broadcast rings with a C program, and large latest values and frames
 * with a copy of their bytes. The run compiles the C program.
 *
 *     deno task report:values [--beside FOLDER] [NAME...]
 *
 * With `--beside` it also runs the library of another checkout. With names, it runs only the groups
 * whose names contain one of them.
 *
 * Each end of 64 bytes is measured alone, and while a C program on the other processor uses the same
 * memory: it publishes each microsecond, or reads as fast as it can. Alone, all memory stays in the
 * caches of one processor. So these times differ little from run to run, and have limits.
 *
 * The rounds are interleaved, in alternating order, and medians are compared. The exit code is 1 if
 * a limit is missed.
 *
 * @module
 */

import { compileC } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";
import { beginReport, BESIDE } from "./report_arguments.ts";
import { type MeasuredCase, reportGroup } from "./report_group.ts";

const ROOT = new URL("../", import.meta.url);
const SHORT = { byteLength: 64, count: 100_000 };
const LARGE = { byteLength: 2 ** 23, count: 4 };
/** Time for which the other process is busy, in milliseconds, and its time to begin. */
const BUSY = 60;
const HEAD_START = 15;
const COUNT_FRAMES = 10_000;
const COPY = "Uint8Array.set()";
const COPY_NEW = "Uint8Array.slice()";

/** A task of the ends, and its limits compared to other cases of its group. */
interface Case {
  /** The task's name, for the ends. */
  readonly way: string;
  /** Whether the task does not use the library. */
  readonly isOther?: boolean;
  /** @default the length of the group */
  readonly byteLength?: number;
  /** @default the count of the group */
  readonly count?: number;
  readonly atMost?: Readonly<Record<string, number>>;
}

/** The library's cases by their names. */
interface Group {
  readonly name: string;
  /** The way of the C program, whose case is the first of the group. @default none */
  readonly wayInC?: string;
  /** The way of another C program, which keeps the memory busy meanwhile. @default none */
  readonly busy?: string;
  readonly byteLength: number;
  readonly count: number;
  readonly cases: Readonly<Record<string, Case>>;
}

const GROUPS: readonly Group[] = [
  {
    name: "A latest value of 64 bytes is published while another process reads",
    wayInC: "publish",
    busy: "reads",
    ...SHORT,
    cases: { "LatestWriter.publish()": { way: "publish" } },
  },
  {
    name: "A latest value of 64 bytes is published",
    wayInC: "publish",
    ...SHORT,
    cases: { "LatestWriter.publish()": { way: "publish", atMost: { "C": 3 } } },
  },
  {
    name: "A latest value of 64 bytes is read while another process publishes",
    wayInC: "read-into",
    busy: "publishes",
    ...SHORT,
    cases: { "LatestReader.readInto()": { way: "read-into" } },
  },
  {
    name: "A latest value of 64 bytes is read",
    wayInC: "read-into",
    ...SHORT,
    cases: { "LatestReader.readInto()": { way: "read-into", atMost: { "C": 7.5 } } },
  },
  {
    name: "A message of 64 bytes is broadcast while another process receives",
    wayInC: "send",
    busy: "receives",
    ...SHORT,
    cases: { "BroadcastSender.send()": { way: "send" } },
  },
  {
    name: "A message of 64 bytes is broadcast",
    wayInC: "send",
    ...SHORT,
    cases: { "BroadcastSender.send()": { way: "send", atMost: { "C": 8 } } },
  },
  {
    name: "A broadcast message of 64 bytes is received",
    wayInC: "receive",
    ...SHORT,
    cases: { "BroadcastReceiver.tryReceive()": { way: "receive" } },
  },
  {
    name: "A latest value of 8 MiB",
    ...LARGE,
    cases: {
      [COPY]: { way: "copy", isOther: true },
      [COPY_NEW]: { way: "copy-new", isOther: true },
      "LatestWriter.publish()": { way: "publish", atMost: { [COPY]: 1.5 } },
      "LatestReader.readInto()": { way: "read-into", atMost: { [COPY]: 1.5 } },
      // Two copies, which use more memory than the caches have.
      "LatestWriter.write()": { way: "write", atMost: { [COPY]: 3.2 } },
      // The value is a new array. To copy into new memory takes many times as long.
      "LatestReader.read()": { way: "read", atMost: { [COPY_NEW]: 1.5 } },
    },
  },
  {
    name: "A frame of 8 MiB goes from a writer to a reader, which do not touch its bytes",
    byteLength: 2 ** 23,
    count: COUNT_FRAMES,
    cases: {
      [COPY]: { way: "copy", isOther: true, count: 4 },
      "LatestFrame, 64 KiB": { way: "frame", byteLength: 2 ** 16 },
      // Nothing is copied, so the length does not matter.
      "LatestFrame": { way: "frame", atMost: { "LatestFrame, 64 KiB": 1.3, [COPY]: 0.005 } },
      "LatestFrame with metadata": { way: "frame-metadata", atMost: { [COPY]: 0.1 } },
      "RingChannel.claimAt(), readAt()": { way: "ring-frame" },
      "LatestValue.publish()": { way: "publish", count: 4 },
    },
  },
];

const { beside, groups } = await beginReport(GROUPS);
await using program = await compileC(new URL("bench/peers/value_end.c", ROOT));
await using stack = new AsyncDisposableStack();
const inC = await startPair((name) => Peer.startProgram(program.path, name));
const own = await startPair((name) => startEnd(ROOT, name));
const other = beside && await startPair((name) => startEnd(beside, name));
for (const group of groups) await report(group);

/** An end that is measured, and a C program that uses the same memory. */
interface Pair {
  readonly end: Peer;
  readonly peer: Peer;
}

async function report({ name, wayInC, busy, byteLength, count, cases }: Group): Promise<void> {
  const caseOf = ({ end, peer }: Pair, found: Omit<Case, "isOther">): MeasuredCase => ({
    async measure() {
      const isOver = busy === undefined ? undefined : peer.ask(`${busy} ${byteLength} ${BUSY}`);
      if (busy !== undefined) await new Promise((resolve) => setTimeout(resolve, HEAD_START));
      const task = [found.way, found.byteLength ?? byteLength, found.count ?? count];
      const nanoseconds = Number(await end.ask(task.join(" ")));
      await isOver;
      return [nanoseconds];
    },
    atMost: found.atMost,
  });
  const all: Record<string, MeasuredCase> = {};
  if (wayInC !== undefined) all["C"] = caseOf(inC, { way: wayInC });
  for (const [name, found] of Object.entries(cases)) {
    all[name] = caseOf(own, found);
    if (other !== undefined && !found.isOther) {
      const { atMost: _, ...same } = found;
      all[`${name}${BESIDE}`] = caseOf(other, same);
    }
  }
  await reportGroup({ name, cases: all });
}

async function startPair(start: (name: string) => Promise<Peer>): Promise<Pair> {
  const name = `winipc-bench-${crypto.randomUUID()}`;
  const end = stack.use(await start(name));
  return { end, peer: stack.use(await Peer.startProgram(program.path, name)) };
}

/** Starts an end of this checkout with the library of a checkout. */
async function startEnd(checkout: URL, name: string): Promise<Peer> {
  const script = new URL("bench/peers/value_end.ts", ROOT).href;
  const library = new URL("mod.ts", checkout).href;
  const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read"];
  return await Peer.startProgram(Deno.execPath(), ...flags, script, library, name);
}

/**
 * Open channels, events and pipes: how long it takes to open one more, and to use one of them.
 *
 * @module
 */

import { End, script } from "./end.ts";
import type { Growing } from "./growing.ts";

/** Number of timed round trips, which use each of 1,000 objects once. */
const TRIPS = 1000;
/** Number of objects that are opened in one task, so that the task takes less than 30 seconds. */
const OPENED_TOGETHER = 250;
/** Number of objects from which on their memory exceeds that of the garbage. */
const MIN_TO_WEIGH = 100;
/** Handles that the system itself can open and keep meanwhile. */
const HANDFUL = 8;

/** Open channels, events and pipes, from 1 to 1,000 of each. */
export const openObjects: readonly Growing[] = [
  growing("channels", "RingChannel", { opening: inTurn, takesMemory: true }),
  growing("events", "SharedEvent", { opening: inTurn, takesMemory: false }),
  growing("pipes", "named pipe", { opening: together, takesMemory: true }),
];

/** Lets both ends open objects, and returns the time in nanoseconds. */
type Opening = (near: End, far: End, count: number) => Promise<number>;

/** A kind of objects. */
interface ObjectKind {
  readonly opening: Opening;
  /** Whether the objects take memory of their processes. */
  readonly takesMemory: boolean;
}

async function inTurn(near: End, far: End, count: number): Promise<number> {
  const [created] = await near.ask("open", count) as [number];
  const [opened] = await far.ask("open", count) as [number];
  return created + opened;
}

async function together(near: End, far: End, count: number): Promise<number> {
  const ends = [near, far].map((end) => end.ask("open", count));
  const [[connected], [accepted]] = await Promise.all(ends) as [[number], [number]];
  return Math.max(connected, accepted);
}

function growing(kind: string, name: string, { opening, takesMemory }: ObjectKind): Growing {
  const names = {
    open: `${name}: to open both ends`,
    trip: `${name}: round trip`,
    memory: `${name}: memory of both ends`,
  };
  return {
    of: `open ${kind}`,
    units: {
      [names.open]: "nanoseconds",
      [names.trip]: "nanoseconds",
      ...(takesMemory ? { [names.memory]: "bytes" } : {}),
    },
    numbers: [1, 10, 100, 1000],
    smokeNumbers: [1, 100],
    async *launch(numbers, signal) {
      await using stack = new AsyncDisposableStack();
      const args = [kind, `winipc-growth-${crypto.randomUUID()}`];
      const [near, far] = await End.startAll(stack, [
        script("object_end", ...args, "near"),
        script("object_end", ...args, "far"),
      ], signal) as [End, End];
      const ask = (...words: (string | number)[]) =>
        Promise.all([near.ask(...words), far.ask(...words)]);
      // The first object of a process also starts threads.
      await opening(near, far, 1);
      await ask("trips", 1);
      await ask("close");
      for (const x of numbers) {
        const before = await ask("weigh");
        let nanoseconds = 0;
        for (let open = 0; open < x; open += OPENED_TOGETHER) {
          nanoseconds += await opening(near, far, Math.min(OPENED_TOGETHER, x - open));
        }
        yield { name: names.open, x, y: nanoseconds / x };
        const after = await ask("weigh");
        if (takesMemory && x >= MIN_TO_WEIGH) {
          yield { name: names.memory, x, y: (sum(after) - sum(before)) / x };
        }
        // The first use of each object takes longer.
        await ask("trips", x);
        const [[trip]] = await ask("trips", TRIPS) as [[number], []];
        yield { name: names.trip, x, y: trip };
        for (const [handles] of await ask("close") as [[number], [number]]) {
          if (handles > HANDFUL) throw new Error(`${handles} handles of ${x} ${kind} remain open`);
        }
      }
    },
  };
}

function sum(answers: readonly (readonly number[])[]): number {
  return answers.flat().reduce((total, number) => total + number, 0);
}

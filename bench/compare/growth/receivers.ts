/**
 * Receivers: the rate of frames when one sends to many.
 *
 * @module
 */

import { type Crew, startCrews } from "./crew.ts";
import { End, script } from "./end.ts";
import { type Growing, repetitions } from "./growing.ts";

/** Frames between two waits for all receivers. These frames take a fiftieth of the ring. */
const WINDOW = 256;
const WINDOWS = { min: 2, max: 2048 };
/** Frames that are sent without a wait. The maximum goes about 20 times around the ring. */
const FREE_FRAMES = { min: 2 ** 9, max: 2 ** 18 };

/** The receivers of a BroadcastRing, from 1 to 64. */
export const receivers: Growing = {
  of: "receivers",
  units: {
    "BroadcastRing, all receive all": "frames a second",
    "BroadcastRing, nobody waits": "frames a second",
    "BroadcastRing, nobody waits: received": "percent",
  },
  numbers: [1, 2, 4, 8, 16, 32, 64],
  smokeNumbers: [1, 4],
  async *launch(numbers, signal) {
    await using stack = new AsyncDisposableStack();
    const worker = new URL("peers/listener.ts", import.meta.url);
    const max = numbers.at(-1)!;
    const [crew] = await startCrews(stack, { worker, processes: 1, max, signal }) as [Crew];
    const speaker = stack.use(await End.start(script("speaker"), signal));
    const name = `winipc-growth-${crypto.randomUUID()}`;
    for (const x of numbers) {
      const tell = (...words: (string | number)[]) => crew.ask(x, ...words);
      const inStep = async (windows: number) => {
        await tell("follow", windows, WINDOW, x);
        const task = speaker.ask("lead", windows, WINDOW);
        const [[nanoseconds]] = await Promise.all([task, tell("settle")]) as [[number], unknown];
        return nanoseconds;
      };
      const speak = async (frames: number) => {
        await tell("hear", frames);
        const task = speaker.ask("speak", frames);
        const [[nanoseconds], heard] = await Promise.all([task, tell("settle")]) as [
          [number],
          number[],
        ];
        const share = heard.reduce((sum, count) => sum + count, 0) / (x * frames);
        return { nanoseconds, share };
      };
      await crew.hire(x);
      await speaker.ask("open", `${name}-${x}`);
      await tell("open", `${name}-${x}`);
      const windows = repetitions(await inStep(1) * WINDOW, WINDOWS);
      yield { name: "BroadcastRing, all receive all", x, y: 1e9 / await inStep(windows) };

      const free = repetitions((await speak(FREE_FRAMES.min)).nanoseconds, FREE_FRAMES);
      const { nanoseconds, share } = await speak(free);
      yield { name: "BroadcastRing, nobody waits", x, y: 1e9 / nanoseconds };
      yield { name: "BroadcastRing, nobody waits: received", x, y: 100 * share };
    }
  },
};

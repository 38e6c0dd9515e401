/**
 * Producers: the rate of frames when many send to one receiver.
 *
 * @module
 */

import { startCrews } from "./crew.ts";
import { End, script } from "./end.ts";
import { type Growing, repetitions } from "./growing.ts";

/** Frames of the first run, in which V8 compiles the code. */
const FIRST_FRAMES = 8192;
const MAX_FRAMES = 2 ** 20;
/** Number of processes whose Workers are the producers. */
const CREWS = 2;

/**
 * Returns the producers, from 1 to 64.
 *
 * @param producer The script of the Workers that are producers.
 */
export function producers(producer = new URL("peers/producer.ts", import.meta.url)): Growing {
  return {
    of: "producers",
    units: { "RingChannel": "frames a second" },
    numbers: [1, 2, 4, 8, 16, 32, 64],
    smokeNumbers: [1, 4],
    async *launch(numbers, signal) {
      await using stack = new AsyncDisposableStack();
      const max = numbers.at(-1)!;
      const crews = await startCrews(stack, {
        worker: producer,
        processes: CREWS,
        max,
        signal,
      });
      const collector = stack.use(await End.start(script("collector"), signal));
      const name = `winipc-growth-${crypto.randomUUID()}`;
      for (const count of numbers) {
        const tell = (...words: (string | number)[]) =>
          Promise.all(crews.map((crew, at) => crew.ask(shareOf(at, count), ...words)));
        const run = async (frames: number) => {
          await tell("send", frames);
          const [[nanoseconds]] = await Promise.all([
            collector.ask("collect", count, frames),
            tell("settle"),
          ]) as [[number], unknown];
          return nanoseconds;
        };
        await Promise.all(crews.map((crew, at) => crew.hire(shareOf(at, count))));
        await collector.ask("open", `${name}-${count}`);
        await tell("open", `${name}-${count}`);
        const first = await run(FIRST_FRAMES / count);
        const frames = repetitions(first, { min: FIRST_FRAMES, max: MAX_FRAMES });
        yield { name: "RingChannel", x: count, y: 1e9 / await run(Math.ceil(frames / count)) };
      }
    },
  };
}

/** Returns the number of those of `count` producers that belong to a crew. */
function shareOf(crew: number, count: number): number {
  return Math.floor((count + CREWS - 1 - crew) / CREWS);
}

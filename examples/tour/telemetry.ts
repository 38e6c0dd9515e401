/**
 * The tour's telemetry: a game writes under a seqlock, and another process draws its cars.
 *
 * @module
 */

import { Game } from "../telemetry.ts";
import type { Chapter } from "./chapter.ts";

const FRAMES = 90;

/** Writes telemetry as fast as possible while another process draws it 60 times a second. */
export async function telemetry(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using game = new Game(name);
  const child = chapter.start("telemetry.ts", "show", "--name", name, "--frames", `${FRAMES}`);
  const output = child.output();
  let over = false;
  void output.then(() => over = true);
  let writes = 0;
  for (const start = performance.now(); !over; writes++) {
    game.publish((performance.now() - start) / 1000);
    if (writes % 100 === 0) await chapter.moment();
  }
  const { success, stdout } = await output;
  const lines = new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  chapter.print("sent", `${writes} writes, each between two counters`);
  for (const line of lines) chapter.print("answer", line);
  chapter.check("the other process exited without an error", success);
  chapter.check(
    "the other process drew the cars, and none was of another time",
    / pictures, 0 were torn$/.test(lines.at(-1)!) && !/^Drew 0/.test(lines.at(-1)!),
  );
}

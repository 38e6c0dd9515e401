/**
 * The tour's server: two other processes get two channels each, and the means of their numbers.
 *
 * @module
 */

import { serve } from "../ring_server.ts";
import type { Chapter } from "./chapter.ts";

const MEASUREMENTS = [["3", "4", "5"], ["10", "20"]];

/** Serves two clients at the same time, and checks their last answers. */
export async function ringServer(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const serving = serve(name, MEASUREMENTS.length, chapter.signal);
  const children = MEASUREMENTS.map((values) =>
    chapter.start("ring_server.ts", "measure", ...values, "--name", name)
  );
  const outputs = await Promise.all(children.map((child) => child.output()));
  const answers = outputs.map(({ stdout }) =>
    new TextDecoder().decode(stdout).trim().split(/\r?\n/).at(-1)!
  );
  for (const answer of answers) chapter.print("answer", answer);
  chapter.print("served", `${await serving} measurements, over channels without names`);
  chapter.check("all processes exited without an error", outputs.every(({ success }) => success));
  chapter.check(
    "each client got the mean of its own numbers",
    answers.join() === "{ count: 3, mean: 4 },{ count: 2, mean: 15 }",
  );
}

/**
 * The tour's newest value: one process publishes values all the time, and another one reads.
 *
 * @module
 */

import { Car, driveLap, STEPS } from "../latest_value.ts";
import { LatestValue } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const LAPS = 200;

/** Publishes values as fast as possible while another process reads them. */
export async function latestValue(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using value = LatestValue.create(name, Car);
  using writer = value.writer();
  const child = chapter.start("latest_value.ts", "watch", "--name", name, "--laps", `${LAPS}`);
  const output = child.output();
  let over = false;
  void output.then(() => over = true);
  let laps = 0;
  while (!over) {
    laps++;
    driveLap(writer, Math.min(laps, LAPS));
    await chapter.moment();
  }
  const { success, stdout } = await output;
  const answer = new TextDecoder().decode(stdout).trim();
  chapter.print("sent", `${laps * STEPS} values, each of which replaced the previous one`);
  chapter.print("answer", answer);
  chapter.check("the other process exited without an error", success);
  chapter.check(
    "the other process read the last lap, and no value was torn",
    answer.endsWith(`up to lap ${LAPS}, 0 were torn`),
  );
}

/**
 * The tour's newest value: one process writes it all the time, another looks.
 *
 * @module
 */

import { Car, driveLap, STEPS } from "../latest_value.ts";
import { LatestValue } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const LAPS = 200;

/** Writes values as fast as it can while another process watches. */
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
  chapter.tell("sent", `${laps * STEPS} values, each in place of the one before`);
  chapter.tell("answer", answer);
  chapter.check("the other process ended well", success);
  chapter.check(
    "it came to the last lap, and none of its values was put together from two",
    answer.endsWith(`up to lap ${LAPS}, 0 of them torn`),
  );
}

/**
 * The tour's moving picture: one process draws, and two others watch. One of them is killed while it
 * holds a picture.
 *
 * @module
 */

import { LatestFrame } from "@winipc/winipc";
import { TextLineStream } from "@std/streams";
import { drawBall, SETTINGS } from "../moving_picture.ts";
import type { Chapter } from "./chapter.ts";

const PICTURES = 100;

/** Draws pictures as fast as possible while two other processes use them in place. */
export async function movingPicture(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  // One slot fewer than by default: so the writer needs the slot of the process that is killed.
  using frames = LatestFrame.create(name, { ...SETTINGS, slots: 3 });
  using writer = frames.writer();
  let number = 0;
  const draw = () => {
    const bytes = writer.claim();
    if (bytes === undefined) return false;
    drawBall(bytes, ++number);
    writer.publish({ width: 320, height: 180, number });
    return true;
  };
  draw();
  const holder = chapter.start("moving_picture.ts", "hold", "--name", name);
  const lines = holder.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  const { value: line = "" } = await lines.read();
  chapter.print("held", line);
  // The holder has picture 1 in a slot, and this process goes on with the others.
  for (let count = 0; count < PICTURES; count++) draw();
  using reader = frames.reader();
  const frame = reader.acquire()!;
  draw();
  // All slots are taken now: two are held, and one has the newest picture.
  const isDropped = !draw();
  holder.kill();
  await holder.status;
  await lines.cancel();
  while (!draw()) await chapter.moment();
  chapter.print("sent", `${number} pictures of ${SETTINGS.byteLength} bytes, without a copy`);
  chapter.check("the picture that the other process held was not drawn over", isDropped);
  chapter.check("its slot came back when it was killed", number > PICTURES + 2);
  frame.release();

  // The place of the process that was killed is free for another one.
  reader.close();
  const last = `${number + 400}`;
  const watcher = chapter.start("moving_picture.ts", "watch", "--name", name, "--pictures", last);
  const output = watcher.output();
  let isOver = false;
  void output.then(() => isOver = true);
  while (!isOver) {
    draw();
    await chapter.moment();
  }
  const { success, stdout } = await output;
  chapter.print("answer", new TextDecoder().decode(stdout).trim());
  chapter.check("a third process watched, and exited without an error", success);
}

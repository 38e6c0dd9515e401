/**
 * The tour's numbers in a file: another process sorts them in place.
 *
 * @module
 */

import { SharedMemory } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const COUNT = 100_000;

/** Maps a file of random numbers, and checks that another process has sorted them. */
export async function mappedFile(chapter: Chapter): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "winipc-tour-" });
  try {
    const numbers = Float64Array.from({ length: COUNT }, Math.random);
    await Deno.writeFile(path, new Uint8Array(numbers.buffer));
    using memory = SharedMemory.fromFile(path);
    using view = memory.map();
    const seen = new Float64Array(view.buffer);

    const child = chapter.start("mapped_file.ts", "sort", "--file", path);
    chapter.print("sent", `${COUNT} random numbers in a file of ${memory.byteLength} bytes`);
    const { success, stdout } = await child.output();
    chapter.print("answer", new TextDecoder().decode(stdout).trim());

    numbers.sort();
    chapter.check("the other process exited without an error", success);
    chapter.check("this process sees the numbers sorted", same(seen, numbers));
    const onDisk = new Float64Array((await Deno.readFile(path)).buffer);
    chapter.check("the file on the disk is sorted", same(onDisk, numbers));
  } finally {
    await Deno.remove(path);
  }
}

function same(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index]);
}

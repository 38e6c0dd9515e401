/**
 * Writes to its standard output and error as its argument says, and ends with code 7. With "hangs"
 * it sets an event after all writes, and runs until it is killed.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";

const [how, event] = Deno.args;

/** Writes bytes whose values depend on their positions. */
async function write(to: typeof Deno.stdout, length: number, seed: number): Promise<void> {
  const writer = to.writable.getWriter();
  for (let at = 0; at < length; at += 10_000) {
    const bytes = new Uint8Array(Math.min(10_000, length - at));
    await writer.write(bytes.map((_, index) => seed + (at + index) * 7 + ((at + index) >> 8)));
  }
  writer.releaseLock();
}

switch (how) {
  case "nothing":
    break;
  case "little":
    await write(Deno.stdout, 5, 1);
    await write(Deno.stderr, 3, 2);
    break;
  case "much":
    // These writes are larger than both pipes' buffers. They run in sequence, and then in parallel.
    await write(Deno.stderr, 1_000_000, 3);
    await write(Deno.stdout, 1_000_000, 4);
    await Promise.all([write(Deno.stdout, 500_000, 5), write(Deno.stderr, 500_000, 6)]);
    break;
  case "closes":
    await write(Deno.stdout, 4, 7);
    Deno.stdout.close();
    await write(Deno.stderr, 300_000, 8);
    break;
  case "hangs":
    await write(Deno.stdout, 6, 9);
    await write(Deno.stderr, 200_000, 10);
    SharedEvent.open(event!).set();
    await new Promise(() => setInterval(() => {}, 1000));
    break;
  case "waits": {
    let length = 0;
    for await (const bytes of Deno.stdin.readable) length += bytes.length;
    await write(Deno.stdout, length, 11);
    break;
  }
}
Deno.exit(7);
